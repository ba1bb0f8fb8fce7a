"""statsforecast on the table that m4.py writes: rivals.py MODEL TABLE.csv OUT.csv; prints its seconds, all cores."""
import sys, time

import pandas
from statsforecast import StatsForecast
from statsforecast.models import MSTL, AutoARIMA, AutoETS, AutoTheta

model = {"AutoARIMA": AutoARIMA, "AutoETS": AutoETS, "AutoTheta": AutoTheta, "MSTL": MSTL}[sys.argv[1]]
season = [24, 168] if model is MSTL else 24
table = pandas.read_csv(sys.argv[2], parse_dates=["hour"]).rename(columns={"id": "unique_id", "hour": "ds", "value": "y"})
# Compiled before the clock runs.
StatsForecast(models=[model(season_length=season)], freq="h").forecast(df=table[table.unique_id == table.unique_id.iloc[0]].tail(400), h=2)
began = time.perf_counter()
forecasts = StatsForecast(models=[model(season_length=season)], freq="h", n_jobs=-1).forecast(df=table, h=48)
print(f"{time.perf_counter() - began:.2f}")
forecasts.rename(columns={"unique_id": "id", sys.argv[1]: "forecast"}).to_csv(sys.argv[3], index=False)
