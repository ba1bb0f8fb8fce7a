"""The same work as `gyre many --learners linear` with scikit-learn and joblib on all cores, without a registry: four lags, a
trend, waves of a year, least squares; judged on three rolling folds of 20 weeks, fitted again, 20 weeks forecast.

joblib_stores.py TABLE.csv OUT.csv; prints seconds and the mean MASE of the back-tests.
"""
import sys, time

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.linear_model import LinearRegression

lags, horizon, folds, season = 4, 20, 3, 52
began = time.perf_counter()


def calendar(steps):
    angles = np.outer(steps * 7 / 365.2425, 2 * np.pi * np.arange(1, 4))
    return np.column_stack([steps, np.sin(angles), np.cos(angles)])


def fitted(values):
    past = np.lib.stride_tricks.sliding_window_view(values, lags)[:-1]
    return LinearRegression().fit(np.hstack([past, calendar(np.arange(lags, len(values)))]), values[lags:])


def forecast(model, values):
    ahead, known = calendar(np.arange(len(values), len(values) + horizon)), list(values[-lags:])
    for step in range(horizon):
        known.append(model.predict(np.concatenate([known[-lags:], ahead[step]])[None])[0])
    return known[lags:]


def one(values):
    scores = []
    for fold in range(folds, 0, -1):
        end = len(values) - fold * horizon
        error = np.abs(values[end:end + horizon] - forecast(fitted(values[:end]), values[:end])).mean()
        scores.append(error / np.abs(values[season:end] - values[:end - season]).mean())
    return np.mean(scores), forecast(fitted(values), values)


table = pd.read_csv(sys.argv[1]).sort_values(["store", "brand", "week"])
groups = [(key, group.sales.to_numpy(float)) for key, group in table.groupby(["store", "brand"], sort=False)]
results = Parallel(n_jobs=-1)(delayed(one)(values) for _, values in groups)
pd.DataFrame([(*key, step, value) for (key, _), (_, ahead) in zip(groups, results) for step, value in enumerate(ahead)],
             columns=["store", "brand", "step", "forecast"]).to_csv(sys.argv[2], index=False)
print(f"{time.perf_counter() - began:.2f} {np.mean([score for score, _ in results]):.4f}")
