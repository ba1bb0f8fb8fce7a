"""Weekly sales of three brands in so many stores: trend, a season of a year, noise that lasts, promotions.

stores.py STORES OUT.csv
"""
import datetime, math, random, sys

points, brands = 122, ("dominicks", "minute.maid", "tropicana")
draw = random.Random(1)
monday = datetime.date(2023, 1, 2)
weeks = [str(monday + datetime.timedelta(7 * week)) for week in range(points)]
with open(sys.argv[2], "w") as file:
    file.write("store,brand,week,sales\n")
    for store in range(int(sys.argv[1])):
        for brand in brands:
            base, phase = draw.uniform(500, 50_000), draw.uniform(0, 2 * math.pi)
            swing, trend, lasting = draw.uniform(0, 0.4) * base, draw.uniform(-0.2, 0.5) * base / points, 0.0
            for week in range(points):
                lasting = 0.4 * lasting + draw.gauss(0, 0.08 * base)
                promotion = 1.6 if draw.random() < 0.08 else 1.0
                sales = (base + trend * week + swing * math.sin(2 * math.pi * week * 7 / 365.2425 + phase) + lasting) * promotion
                file.write(f"{store},{brand},{weeks[week]},{max(0.0, sales):.0f}\n")
