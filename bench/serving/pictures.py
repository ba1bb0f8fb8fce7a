"""pictures.py FOLDER COUNT SIZE: JPEGs of soft shapes with a little noise, SIZE pixels wide and high, the same for the same numbers."""
import pathlib, sys

import numpy as np
from PIL import Image

folder, count, size = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
random = np.random.default_rng(1)
folder.mkdir()
for number in range(count):
    shapes = Image.fromarray(random.integers(0, 256, (size // 16, size // 16, 3), dtype=np.uint8)).resize((size, size), Image.BICUBIC)
    noisy = np.asarray(shapes, np.int16) + random.integers(-12, 13, (size, size, 3))
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(folder / f"{number:05}.jpg", quality=90)
