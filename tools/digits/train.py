"""Trains a plain classifier on scikit-learn's digits and writes what examples/digits holds.

    pip install -r tools/digits/requirements.txt
    python tools/digits/train.py

Logistic regression on 235 of the 1797 images; the logits and labels of the other 1562, which it has not seen, and the
numbers that scikit-learn and PyTorch compute from those logits. The logits may differ in the last digits on another
processor or with another BLAS, so expected.json is always written from the very logits beside it.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "digits"
HELD_OUT = 1562


def train() -> tuple[np.ndarray, np.ndarray]:
    """Logits (float32) and labels (int64, as numpy users have them) of the held-out images."""
    images, labels = load_digits(return_X_y=True)
    seen, held_out, seen_labels, held_out_labels = train_test_split(
        images / 16.0, labels, test_size=HELD_OUT, random_state=0, stratify=labels
    )
    model = LogisticRegression(C=1.0, max_iter=1000).fit(seen, seen_labels)
    return model.decision_function(held_out).astype(np.float32), held_out_labels.astype(np.int64)


def checksum(gradient: np.ndarray) -> float:
    """A sum that every element takes part in, with a weight of its own, so that a swap of two shows."""
    return float(gradient.ravel() @ (np.arange(gradient.size) % 97 + 1.0))


def with_torch(logits: np.ndarray, labels: np.ndarray, **options: float) -> dict[str, object]:
    """Value and gradient of torch's cross_entropy in float64, of the float32 logits."""
    x = torch.from_numpy(logits.astype(np.float64)).requires_grad_()
    value = torch.nn.functional.cross_entropy(x, torch.from_numpy(labels), **options)
    value.backward()
    gradient = x.grad.numpy()
    return {
        "value": value.item(),
        "gradient": {
            "norm": float(np.linalg.norm(gradient)),
            "checksum": checksum(gradient),
            "absolute": float(np.abs(gradient).sum()),
        },
    }


def expected(logits: np.ndarray, labels: np.ndarray) -> dict[str, object]:
    x = torch.from_numpy(logits)
    probabilities = torch.softmax(x.double(), dim=1).numpy()
    return {
        "rows": len(labels),
        "accuracy": float((logits.argmax(axis=1) == labels).mean()),
        "sklearn": {
            "version": sklearn.__version__,
            "function": "metrics.log_loss of the softmax in float64",
            "value": float(log_loss(labels, probabilities)),
        },
        "torch": {
            "version": torch.__version__.split("+")[0],
            "function": "nn.functional.cross_entropy in float64",
            "checksum": "sum of gradient.flat[k] * (k % 97 + 1)",
            "mean": with_torch(logits, labels),
            "labelSmoothing 0.1": with_torch(logits, labels, label_smoothing=0.1),
            "float32": torch.nn.functional.cross_entropy(x, torch.from_numpy(labels)).item(),
        },
    }


def main() -> None:
    logits, labels = train()
    FOLDER.mkdir(parents=True, exist_ok=True)
    np.save(FOLDER / "logits.npy", logits)
    np.save(FOLDER / "labels.npy", labels)
    numbers = expected(logits, labels)
    (FOLDER / "expected.json").write_text(json.dumps(numbers, indent=2) + "\n")
    print(f"{len(labels)} held-out images, accuracy {numbers['accuracy']:.3f}, {numbers['torch']['mean']['value']=}")


if __name__ == "__main__":
    main()
