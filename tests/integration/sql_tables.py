#!/usr/bin/env python3
"""Tables from a PostgreSQL: types, holes, odd texts, many rows, and what goes wrong on the way."""
import json, os, pathlib, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from postgres import Postgres, programs

build = pathlib.Path(os.environ.get("GYRE_BUILD", "build")).resolve()
if not programs():
    print("skipped: no PostgreSQL is installed")
    sys.exit()


def gyre(*words, fails=False):
    done = subprocess.run([build / "gyre", *map(str, words)], capture_output=True, text=True, cwd=work)
    assert (done.returncode != 0) == fails, (words, done)
    return done.stdout + done.stderr


def gather(sql, name="t.parquet", **how):
    return gyre("gather", "sql", "--from", postgres.url, "--sql", sql, "--out", name, **how)


with tempfile.TemporaryDirectory() as folder:
    postgres = Postgres(pathlib.Path(folder) / "pg")
    try:
        work = pathlib.Path(folder) / "work"
        work.mkdir()
        gyre("init")
        postgres.ask("""CREATE TABLE houses AS SELECT i AS id, (random() * 100)::numeric(8, 3) AS size, i % 7 AS rooms, (i % 3 = 0) AS garden,
            (ARRAY['old', 'new, "fine"', 'line' || chr(10) || 'two', '', NULL])[1 + i % 5] AS state, timestamptz '2024-01-01 12:00+02' + i * interval '1 hour' AS sold,
            CASE WHEN i % 11 = 4 THEN NULL ELSE 'NaN'::float8 + i END AS nan, 50 + (i % 100) * 0.1 + 10 * (i % 7) AS price FROM generate_series(1, 20000) i""")
        told = gather("SELECT * FROM houses ORDER BY id;")
        assert "20000 rows, 8 columns" in told, told
        gyre("table", "export", "t.parquet", "--out", "t.csv")
        text = (work / "t.csv").read_text()
        assert text.startswith("id,size,rooms,garden,state,sold,nan,price\n1,"), text[:200]
        assert ',"line\ntwo",' in text and ',true,"",' in text and ',false,,2024' in text and ',false,"new, ""fine""",2024-01-01 11:00:00,' in text, text[:600]
        print("ok types, holes and odd texts")
        told = gyre("train", "table", "t.parquet", "--target", "price", "--out", "m.onnx")
        assert "garden (boolean)" in told and "sold (time)" in told and "size (number)" in told and "state (category)" in told, told
        print("ok a model of them")
        gather("SELECT 1.5::real AS x, NULL::int AS y, DATE '2024-02-03' AS d, 'x' AS \"Odd \"\"name\" WHERE false")
        for sql, part in (("SELECT nothing FROM houses", 'column "nothing" does not exist'), ("SELECT 1; SELECT 2", "multiple commands"),
                          ("DROP TABLE houses", "no columns"), ("SELECT 1 / (id - 5000) FROM houses", "division by zero"),
                          ("WITH gone AS (DELETE FROM houses RETURNING *) SELECT * FROM gone", "read-only"), ("SELECT 1) TO PROGRAM 'true' --", "syntax error")):
            told = gather(sql, "bad.parquet", fails=True)
            assert part in told and not (work / "bad.parquet").exists(), (sql, told)
        assert postgres.ask("SELECT count(*) FROM houses") == "20000"
        told = gyre("gather", "sql", "--from", "postgresql://me:secret@127.0.0.1/x", "--sql", "SELECT 1", fails=True)
        assert "password" in told and "secret" not in told, told
        told = gyre("gather", "sql", "--from", "postgresql://me@127.0.0.1:1/x", "--sql", "SELECT 1", fails=True)
        assert "PostgreSQL cannot be reached" in told, told
        print("ok queries that cannot be, and places where nobody is")
    finally:
        postgres.stop()
