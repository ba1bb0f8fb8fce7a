"""What a user writes: pandas and onnxruntime with all cores, in pieces so that it fits into memory. pandas_score.py MODEL CSV OUT"""
import sys

import numpy as np
import onnxruntime
import pandas

session = onnxruntime.InferenceSession(sys.argv[1])
for number, piece in enumerate(pandas.read_csv(sys.argv[2], chunksize=500_000)):
    (y,) = session.run(None, {"x": piece.to_numpy(np.float32)})
    pandas.DataFrame({"row": piece.index + 1, "y": y[:, 0]}).to_csv(sys.argv[3], mode="a" if number else "w", header=not number, index=False)
