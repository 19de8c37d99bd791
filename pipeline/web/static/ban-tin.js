// What a page does besides: one sound at a time, and a form is sent once. Everything works without it, too.
document.addEventListener("play", function (event) {
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
  form.elements.chu.value = chosen;
});
