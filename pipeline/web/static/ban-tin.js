// What a page does besides: one sound at a time, a form is sent once, and whoever types stays signed in. Everything
// works without it, too.
document.addEventListener("play", function (event) {
  var unheard = document.getElementById("chua-nghe");
  if (unheard && event.target.id === "tieng") unheard.hidden = true;
  document.querySelectorAll("audio").forEach(function (other) { if (other !== event.target) other.pause(); });
}, true);
document.addEventListener("submit", function (event) {
  var form = event.target;
  if (form.dataset.ask && !window.confirm(form.dataset.ask)) { event.preventDefault(); return; }
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  window.setTimeout(function () { delete form.dataset.sent; }, 5000);
});
document.addEventListener("mouseup", function () {
  var chosen = String(window.getSelection()).trim();
  var at = window.getSelection().anchorNode;
  var sentence = at && at.parentElement && at.parentElement.closest("[data-sentence]");
  if (!chosen || chosen.length > 100 || !sentence) return;
  var form = document.getElementById(sentence.dataset.sentence);
  if (!form) return;
  form.closest("details").open = true;
  form.elements[sentence.dataset.field].value = chosen;
  form.elements[sentence.dataset.field === "chu" ? "doc" : "chu"].focus();
});
document.addEventListener("htmx:beforeSwap", function (event) {
  if (event.detail.target.id === "xem-truoc" && event.detail.xhr.status < 500) event.detail.shouldSwap = true;
});
var told = 0;
document.addEventListener("input", function (event) {
  var form = event.target.form, page = document.body.dataset;
  if (!page.alive || !form || form.method !== "post" || Date.now() - told < 300000) return;
  told = Date.now();
  window.fetch(page.alive, { headers: { "HX-Request": "true" }, credentials: "same-origin" }).then(function (answer) {
    if (answer.status !== 401 || document.getElementById("het-phien")) return;
    var note = document.createElement("p");
    note.id = "het-phien";
    note.className = "note";
    note.setAttribute("role", "status");
    note.textContent = page.over;
    form.prepend(note);
  }, function () { told = 0; });
});
