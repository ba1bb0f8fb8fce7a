"""The virtual environments that rivals run in, below ~/.cache/gyre/venvs: made when they are first needed."""
import os, pathlib, subprocess, sys

# Those with an ONNX Runtime have the one that gyre loads (deps/README.md).
PACKAGES = {
    "autogluon": ["autogluon.tabular[lightgbm,catboost,xgboost,fastai]==1.6.3"],
    "batch": ["pandas", "numpy", "onnx", "pillow", "opencv-python-headless", "onnxruntime==1.31.1"],
    "flaml": ["flaml[automl]==2.7.0", "lightgbm==4.7.0", "onnxruntime==1.31.1", "pandas", "scikit-learn==1.9.1"],
    "many": ["scikit-learn==1.9.1", "joblib", "pandas", "statsforecast==2.1.1"],
    "mlflow-3.17.2": ["mlflow==3.17.2"],
    "mlserver": ["mlserver==1.7.1", "uvloop==0.21.0", "numpy", "onnxruntime"],
    "pytriton": ["nvidia-pytriton", "numpy", "onnxruntime"],
    "serve": ["tritonclient[http,grpc]==2.73.0", "numpy", "onnx", "onnxruntime==1.31.1", "fastapi", "uvicorn[standard]"],
    "tables": ["scikit-learn==1.9.1", "numpy", "pandas", "onnx", "onnxruntime==1.31.1", "lightgbm==4.7.0", "pyarrow"],
}


def environment(name):
    """Its folder, or None, said why, where it does not install."""
    folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "gyre" / "venvs" / name
    if (folder / ".complete").exists():
        return folder
    print(f"installing {name}", flush=True)
    # The system's own Python: the one that Triton's backend brings reads its library.
    subprocess.run(["/usr/bin/python3", "-m", "venv", folder], check=True)
    done = subprocess.run([folder / "bin" / "pip", "install", "-q", *PACKAGES[name]], capture_output=True, text=True)
    if done.returncode:
        print(f"{name} does not install here: {done.stderr.strip().splitlines()[-1]}", flush=True)
        return None
    (folder / ".complete").touch()
    return folder


def python(name):
    """Its interpreter, or None."""
    folder = environment(name)
    return folder and folder / "bin" / "python"


def needed_python(name):
    return python(name) or sys.exit(1)
