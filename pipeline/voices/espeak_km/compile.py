"""Make `data/` anew from `source/` and eSpeak NG's own sources: `python -m pipeline.voices.espeak_km.compile PHSOURCE`.

PHSOURCE is the folder `phsource` of the source package of eSpeak NG, of the same version as espeakng-loader carries
(Debian: `apt-get source espeak-ng`). Its spectra and its base table are compiled with our table into one; the compiler
is the library itself.
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pipeline.voices.espeak_km import DATA

SOURCE = Path(__file__).parent / "source"
MADE_OF = DATA / "made-of.txt"
"""The digest of each source file that the data were compiled from, a line each; a test holds them to it."""

_RATE = 22_050
_TABLES = "\n\nphonemetable consonants base1\ninclude ph_consonants\n\nphonemetable shn base1\ninclude ph_shan\n\n"
_OURS = "phonemetable km base1\ninclude ph_khmer\n"
_LAST_OF_BASE = "// ADDITIONAL PHONEME TABLES"


def digests() -> str:
    """One line for each file of `source/`: its SHA-256 and its name."""
    files = sorted(file for file in SOURCE.iterdir() if file.is_file())
    return "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)


def compile_into(phsource: Path, folder: Path) -> None:
    """Compile the table, the tunes and an empty dictionary into `folder`. Raises SystemExit where eSpeak refuses."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        shutil.copytree(phsource, work / "phsource")
        master = (work / "phsource" / "phonemes").read_text(encoding="utf-8")
        (work / "phsource" / "phonemes").write_text(
            master[: master.index(_LAST_OF_BASE)].rstrip("/*\n") + _TABLES + _OURS, encoding="utf-8"
        )
        for name in ("ph_khmer", "intonation"):
            shutil.copy(SOURCE / name, work / "phsource" / name)
        (work / "dictsource").mkdir()
        (work / "dictsource" / "km_rules").write_text(".group a\n a a\n")
        (work / "dictsource" / "km_list").write_text("// Khmer is given as phonemes.\n")
        made = work / "data"
        (made / "lang").mkdir(parents=True)
        shutil.copy(SOURCE / "voice", made / "lang" / "km")
        for step in ("phonemes", "dictionary"):  # the library remembers its first data, so each has a process
            subprocess.run([sys.executable, "-m", __spec__.name, "--step", step, str(work)], check=True)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(made, folder, ignore=shutil.ignore_patterns("phondata-manifest"))


def _step(step: str, work: Path) -> int:
    import espeakng_loader  # noqa: PLC0415 - only here

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    made = os.fsencode(work / "data")
    if step == "phonemes":
        library.espeak_ng_InitializePath(os.fsencode(espeakng_loader.get_data_path()))
        sources = os.fsencode(work / "phsource")
        refused = library.espeak_ng_CompilePhonemeDataPath(ctypes.c_long(_RATE), sources, made, None, None)
        return int(refused or library.espeak_ng_CompileIntonationPath(made, made, None, None))
    library.espeak_Initialize(2, 0, made, 0x8000)
    library.espeak_SetVoiceByName(b"km")
    return int(library.espeak_ng_CompileDictionary(os.fsencode(work / "dictsource") + b"/", b"km", None, 0, None))


def main(arguments: list[str]) -> int:
    """The command; 0 when the data stand."""
    if arguments[:1] == ["--step"]:
        return 1 if _step(arguments[1], Path(arguments[2])) else 0
    if len(arguments) != 1 or not (Path(arguments[0]) / "phonemes").is_file():
        sys.exit(__doc__)
    compile_into(Path(arguments[0]), DATA)
    MADE_OF.write_text(digests(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
