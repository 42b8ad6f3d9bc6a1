"""Makes the three forms of the same 200 handwritten digits (rows 1200 to 1399 of scikit-learn's set): arrays, a folder per class, and a table that names files.

Values 0 to 16 become gray levels 0 to 240, so that the images can be looked at. Run with numpy, Pillow and scikit-learn: python make.py
"""
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

here = Path(__file__).parent
rows = range(1200, 1400)
digits = load_digits()
images = (digits.images[rows] * 15).astype(np.uint8)  # [200, 8, 8]
labels = digits.target[rows]

np.savez_compressed(here / "digits.npz", x=images, y=labels)
lines = ["file,digit"]
for row, image, label in zip(rows, images, labels):
    name = f"{label}/{row}.png"
    (here / "digits" / str(label)).mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(here / "digits" / name)
    lines.append(f"{name},{label}")
(here / "digits.csv").write_text("\n".join(lines) + "\n")
