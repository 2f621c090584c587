"""Trains a small convnet in PyTorch, exports it to ONNX, and writes what apps and tests have of it.

    pip install -r tools/exported-model/requirements.txt
    python tools/exported-model/export.py

The data are scikit-learn's `digits`, 1797 real handwritten digits of 8x8 pixels: the test set of "Optical Recognition
of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, CC BY 4.0. On 997 of them two models
are trained: one of all digits, for apps/evaluate-onnx, with 400 others and the loss, the accuracy and the gradient that
PyTorch has for them; and one that has only seen 0 to 7, for apps/fine-tune-onnx, with the last 400, to learn 8 and 9.

Everything is seeded, on one thread. Another processor or another build of PyTorch may train a model that differs in its
last digits, so what is expected is always written together with the model.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[2]
EVALUATE = ROOT / "apps" / "evaluate-onnx" / "data"
FINE_TUNE = ROOT / "apps" / "fine-tune-onnx" / "data"
MODELS = ROOT / "packages" / "onnx" / "test" / "models"
TRAINED_ON = 997
EVALUATED_ON = 400
# Digits that the model of apps/fine-tune-onnx has seen: those below.
KNOWN = 8


class Digits(nn.Module):
    """Two convolutions and a layer of features under the logits."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 16, 3, padding=1)
        self.second = nn.Conv2d(16, 32, 3, padding=1)
        self.hidden = nn.Linear(32 * 4 * 4, 64)
        self.head = nn.Linear(64, classes)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = F.relu(self.first(image))
        x = F.max_pool2d(F.relu(self.second(x)), 2)
        features = F.relu(self.hidden(x.flatten(1)))
        return self.head(features), features


def train(images: torch.Tensor, labels: torch.Tensor, epochs: int = 12) -> Digits:
    torch.manual_seed(0)
    model = Digits(int(labels.max()) + 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(epochs):
        for rows in torch.randperm(len(labels)).split(32):
            loss = F.cross_entropy(model(images[rows])[0], labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


def expected(model: Digits, images: torch.Tensor, labels: torch.Tensor) -> tuple[dict[str, object], np.ndarray]:
    """What PyTorch has for a set: in float32, as it is served, and of the float64 model, for reference."""
    logits = model(images)[0].detach().requires_grad_()
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    with torch.no_grad():
        exact = F.cross_entropy(model.double()(images.double())[0], labels).item()
        model.float()
    return {
        "torch": torch.__version__.split("+")[0],
        "images": len(labels),
        "accuracy": (logits.argmax(1) == labels).double().mean().item(),
        "loss": {"float32": loss.item(), "float64": exact},
        "gradient": {
            "by": "logits",
            "norm": logits.grad.norm().item(),
            "largest": logits.grad.abs().max().item(),
        },
    }, logits.grad.numpy()


def export(model: nn.Module, example: torch.Tensor, path: Path, **options: object) -> None:
    """As people export: dynamic batch, named inputs and outputs."""
    batch = {0: "batch"}
    dynamic: dict[str, object] = (
        {"dynamic_shapes": ({0: torch.export.Dim("batch")},)}
        if options.get("dynamo", True)
        else {"dynamic_axes": {"image": batch, "output": batch, "features": batch}}
    )
    if options.pop("static", False):
        dynamic = {}
    arguments = {"dynamo": True, "opset_version": 18, "external_data": False, "verbose": False} | dynamic | options
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, (example,), path, input_names=["image"], output_names=["output", "features"], **arguments
        )
    # The stack traces that PyTorch writes into each node are of this machine.
    exported = onnx.load(path)
    for node in exported.graph.node:
        del node.metadata_props[:]
    onnx.save(exported, path)


class Tiny(nn.Module):
    """As little as a model of two outputs can be."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(4, 3)
        self.head = nn.Linear(3, 5)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.hidden(image).relu()
        return self.head(features), features


def export_tiny() -> None:
    """Models of every kind that torch.onnx.export makes, for the tests of attachLoss."""
    torch.manual_seed(0)
    tiny, example = Tiny().eval(), torch.randn(2, 4)
    for opset in (18, 20, 23):
        export(tiny, example, MODELS / f"dynamo-{opset}.onnx", opset_version=opset)
    for opset in (13, 14, 17):
        export(tiny, example, MODELS / f"script-{opset}.onnx", opset_version=opset, dynamo=False)
    export(tiny, example, MODELS / "static.onnx", static=True)
    export(tiny.double(), example.double(), MODELS / "float64.onnx")
    export(tiny.half(), example.half(), MODELS / "float16.onnx")


def odd_models() -> dict[str, onnx.ModelProto]:
    """What torch.onnx.export does not make and others do: y = x + 1 of (batch, 3), in many ways."""
    info, node, tensor = helper.make_tensor_value_info, helper.make_node, helper.make_tensor
    kind = TensorProto.FLOAT
    x, y = info("x", kind, ["batch", 3]), info("y", kind, ["batch", 3])
    one, add = tensor("one", kind, [1], [1.0]), node("Add", ["x", "one"], ["y"])

    def model(nodes, *, inputs=(x,), outputs=(y,), weights=(one,), ir=8, opsets=(("", 18),), **more):
        graph = helper.make_graph(list(nodes), "odd", list(inputs), list(outputs), list(weights))
        imports = [helper.make_opsetid(*entry) for entry in opsets]
        made = helper.make_model(graph, opset_imports=imports, ir_version=ir, producer_name="somebody", **more)
        made.metadata_props.add(key="author", value="somebody")
        return made

    plus = helper.make_function(
        "local", "Plus", ["a", "b"], ["c"], [node("Add", ["a", "b"], ["c"])], [helper.make_opsetid("", 18)]
    )
    # Names and sizes inside a body that a loss attached with no care would take for its own.
    inner = info("crossEntropy/v1", kind, ["N", 3])
    branch = helper.make_graph([node("Add", ["x", "one"], ["crossEntropy/v1"])], "branch", [], [inner])
    other = helper.make_graph(
        [node("Sub", ["x", "one"], ["crossEntropy/v2"])], "other", [], [info("crossEntropy/v2", kind, ["N", 3])]
    )
    external = model([add])
    external.graph.initializer[0].ClearField("float_data")
    external.graph.initializer[0].data_location = TensorProto.EXTERNAL
    for key, value in (("location", "one.bin"), ("offset", "0"), ("length", "4")):
        external.graph.initializer[0].external_data.add(key=key, value=value)
    halves = [node("Cast", ["x"], ["half"], to=TensorProto.BFLOAT16), add]
    return {
        "function": model(
            [node("Plus", ["x", "one"], ["y"], domain="local")], opsets=(("", 18), ("local", 1)), functions=[plus]
        ),
        "branches": model(
            [node("If", ["which"], ["y"], then_branch=branch, else_branch=other)],
            inputs=(x, info("which", TensorProto.BOOL, [])),
        ),
        "external": external,
        "old-ir": model([add], inputs=(x, info("one", kind, [1])), ir=3, opsets=(("", 14),)),
        "custom-only": model(
            [node("BiasGelu", ["x", "bias"], ["y"], domain="com.microsoft")],
            weights=(tensor("bias", kind, [3], [1.0] * 3),),
            opsets=(("com.microsoft", 1),),
        ),
        "no-ranks": model(
            [add, node("Neg", ["y"], ["inner"]), node("Neg", ["inner"], ["z"])],
            inputs=(info("x", kind, None),),
            outputs=(info("y", kind, None), info("z", kind, None)),
        ),
        "bfloat16": model(halves, outputs=(y,)),
        "sequence": model(
            [add, node("SplitToSequence", ["y"], ["parts"])],
            outputs=(y, helper.make_tensor_sequence_value_info("parts", kind, None)),
        ),
        "straight": model([], outputs=(x, info("one", kind, [1]))),
        "labels": model(
            [add, node("ArgMax", ["y"], ["best"], axis=1, keepdims=0)],
            outputs=(y, info("best", TensorProto.INT64, ["batch"])),
        ),
    }


def save(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """Pixels (0 to 16) and labels as plain bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    images.astype(np.uint8).tofile(folder / "images.bin")
    labels.astype(np.uint8).tofile(folder / "labels.bin")


def main() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    pixels, labels = pixels.reshape(-1, 1, 8, 8)[order], labels[order]
    images, targets = torch.tensor(pixels / 16, dtype=torch.float32), torch.tensor(labels)

    seen = slice(TRAINED_ON)
    model = train(images[seen], targets[seen])
    export(model, images[:2], EVALUATE / "model.onnx")
    evaluated = slice(TRAINED_ON, TRAINED_ON + EVALUATED_ON)
    save(EVALUATE, pixels[evaluated], labels[evaluated])
    numbers, gradient = expected(model, images[evaluated], targets[evaluated])
    (EVALUATE / "expected.json").write_text(json.dumps(numbers, indent=2) + "\n")
    gradient.astype("<f4").tofile(EVALUATE / "gradient.bin")

    known = targets[seen] < KNOWN
    frozen = train(images[seen][known], targets[seen][known])
    export(frozen, images[:2], FINE_TUNE / "model.onnx")
    rest = slice(evaluated.stop, None)
    save(FINE_TUNE, pixels[rest], labels[rest])
    with torch.no_grad():
        right = (frozen(images[rest])[0].argmax(1) == targets[rest]).double().mean().item()

    export_tiny()
    for name, odd in odd_models().items():
        onnx.save(odd, MODELS / f"odd-{name}.onnx")
    size = (EVALUATE / "model.onnx").stat().st_size
    print(f"{size} bytes; {numbers}; of all digits the model of {KNOWN} has {right:.3f} right")


if __name__ == "__main__":
    main()
