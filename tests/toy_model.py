"""A VITS model of ours for sherpa-onnx: it hums, a tenth of a second for each token it is given. No speech, but the
real runtime loads it, reads its metadata and runs it."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

RATE = 16_000
LETTERS = "aáàảãạăắằẳẵặâấầẩẫậbcdđeéèẻẽẹêếềểễệghiíìỉĩịklmnoóòỏõọôốồổỗộơớờởỡợpqrstuúùủũụưứừửữựvxyýỳỷỹỵ .,"


def write(
    folder: Path, *, level: float = 0.3, letters: str = LETTERS, seconds: float = 0.1, piper: bool = False
) -> Path:
    """A model folder as MMS models are laid out, or Piper's: `model.onnx` and `tokens.txt`; `seconds` a token."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokens.txt").write_text("".join(f"{c} {i}\n" for i, c in enumerate(letters)), "utf-8")
    numbers = {"zero": 0.0, "one": 1.0, "token": RATE * seconds, "turn": 2 * 3.14159 * 220 / RATE, "level": level}
    constants = [helper.make_tensor(name, TensorProto.FLOAT, [], [value]) for name, value in numbers.items()]
    constants += [
        helper.make_tensor("shape", TensorProto.INT64, [3], [1, 1, -1]),
        helper.make_tensor("second", TensorProto.INT64, [1], [1]),
    ]
    pace = helper.make_node("Gather", ["scales", "second"], ["scale"]) if piper else None
    nodes = [
        *([pace] if pace else []),
        helper.make_node("Cast", ["x_length"], ["tokens"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["tokens"], ["count"], keepdims=0),
        helper.make_node("Mul", ["count", "token"], ["plain"]),
        helper.make_node("ReduceSum", ["scale" if piper else "length_scale"], ["pace"], keepdims=0),
        helper.make_node("Mul", ["plain", "pace"], ["samples"]),
        helper.make_node("Range", ["zero", "samples", "one"], ["at"]),
        helper.make_node("Mul", ["at", "turn"], ["phase"]),
        helper.make_node("Sin", ["phase"], ["wave"]),
        helper.make_node("Mul", ["wave", "level"], ["sound"]),
        helper.make_node("Reshape", ["sound", "shape"], ["y"]),
    ]
    scales = [("scales", 3)] if piper else [(name, 1) for name in ("noise_scale", "length_scale", "noise_scale_w")]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.INT64, ["n", "t"]),
        helper.make_tensor_value_info("x_length", TensorProto.INT64, ["n"]),
        *(helper.make_tensor_value_info(name, TensorProto.FLOAT, [size]) for name, size in scales),
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, "s"])
    graph = helper.make_graph(nodes, "hum", inputs, [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    about = {
        "model_type": "vits", "language": "Vietnamese", "sample_rate": RATE, "n_speakers": 1, "url": "",
        **({"comment": "piper", "voice": "vi", "has_espeak": 1} if piper
           else {"comment": "mms", "frontend": "characters", "add_blank": 1, "punctuation": ", ."}),
    }  # fmt: skip
    helper.set_model_props(model, {key: str(value) for key, value in about.items()})
    onnx.save(model, str(folder / "model.onnx"))
    return folder
