#!/usr/bin/env python3
"""The steps that make a table from a table, through Parquet and back to CSV."""
import os, pathlib, subprocess, tempfile

build = pathlib.Path(os.environ.get("GYRE_BUILD", "build")).resolve()


def gyre(*words):
    return subprocess.run([build / "gyre", *map(str, words)], capture_output=True, text=True, cwd=work)


def table(*words):
    """The rows that a step makes, as CSV."""
    for name in ("o.parquet", "o.csv"):
        (work / name).unlink(missing_ok=True)
    done = gyre("table", *words, "--out", "o.parquet")
    assert done.returncode == 0, done
    done = gyre("table", "export", "o.parquet", "--out", "o.csv")
    assert done.returncode == 0, done
    return (work / "o.csv").read_text().splitlines()


def refused(part, *words):
    done = gyre("table", *words)
    assert done.returncode not in (0, -6, -11) and part in done.stderr, done


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    gyre("init")
    (work / "p.csv").write_text("id,price,colour,w\n1,10,red,1\n2,20,blue,NA\n3,30,red,3\n3,30,red,3\n4,,green,5\n")
    (work / "q.csv").write_text("id,price,shop\n1,11,A\n3,33,B\n9,9,C\n")

    assert table("select", "p.csv", "--columns", "w", "--columns", "id") == ["w,id", "1,1", ",2", "3,3", "3,3", "5,4"]
    assert table("select", "p.csv", "--leave-out", "price", "--leave-out", "w")[0] == "id,colour"
    assert table("filter", "p.csv", "--where", "price > 10 AND colour = 'red'") == ["id,price,colour,w", "3,30,red,3", "3,30,red,3"]
    assert len(table("unique", "p.csv")) == 5 and len(table("unique", "p.csv", "--columns", "colour")) == 4
    print("ok select, filter, unique")

    assert table("clean", "p.csv", "--how", "mean", "--columns", "w")[2] == "2,20,blue,3.0"
    assert table("clean", "p.csv", "--how", "value", "--value", "7", "--columns", "w")[2] == "2,20,blue,7"
    assert len(table("clean", "p.csv", "--how", "rows")) == 4
    assert table("clean", "p.csv", "--how", "columns", "--most", "0.1")[0] == "id,colour"
    assert table("normalise", "p.csv", "--columns", "price", "--how", "min-max")[1:3] == ["1,0.0,red,1", "2,0.5,blue,"]
    assert [row.split(",")[1] for row in table("bins", "p.csv", "--columns", "price", "--bins", "2")] == ["price", "0", "0", "1", "1", ""]
    assert table("clip", "p.csv", "--columns", "price", "--low", "15", "--high", "25", "--by", "value")[1] == "1,15.0,red,1"
    print("ok clean, normalise, bins, clip")

    assert table("group", "p.csv", "--by", "colour", "--compute", "total=sum(price)") == ["colour,total", "blue,20.0", "green,", "red,70.0"]
    assert table("compute", "p.csv", "--set", "double=price*2", "--set", "w=w+1")[1] == "1,10,red,2,20"
    assert table("edit", "p.csv", "--rename", "price=cost")[0] == "id,cost,colour,w"
    assert table("indicators", "p.csv", "--columns", "colour")[:2] == ["id,price,colour=blue,colour=green,colour=red,w", "1,10,0,0,1,1"]
    print("ok group, compute, edit, indicators")

    assert sorted(table("join", "p.csv", "q.csv", "--on", "id")) == sorted(["id,price,colour,w,other.price,shop", "1,10,red,1,11,A",
                                                                            "3,30,red,3,33,B", "3,30,red,3,33,B"])
    assert sorted(row[0] for row in table("join", "p.csv", "q.csv", "--on", "id", "--kind", "without")) == ["2", "4", "i"]
    assert table("append", "p.csv", "q.csv")[0] == "id,price,colour,w,shop" and len(table("append", "p.csv", "q.csv")) == 9
    assert table("query", "p.csv", "q.csv", "--sql", 'SELECT count(*) AS n FROM "table", other') == ["n", "15"]
    print("ok join, append, query")

    (work / "many.csv").write_text("id\n" + "".join(f"{i}\n" for i in range(1000)))
    assert len(table("sample", "many.csv", "--rows", "30")) == 31 and table("sample", "many.csv") == table("sample", "many.csv")
    assert 50 < len(table("sample", "many.csv", "--share", "0.1")) < 150
    assert 700 < len(table("split", "many.csv", "--share", "0.2")) < 900
    print("ok sample, split")

    refused('has no column "cost"', "select", "p.csv", "--columns", "cost")
    refused('column "colour" is no number', "normalise", "p.csv", "--columns", "colour")
    refused("syntax error", "filter", "p.csv", "--where", "price >")
    refused("Could not convert string 'red'", "edit", "p.csv", "--types", "colour=number")
    refused("Cannot access file", "query", "p.csv", "--sql", "SELECT * FROM read_csv('/etc/passwd', delim=':', header=false)")
    refused("Permission Error", "query", "p.csv", "--sql", f"SELECT 1) TO '{work}/x.csv'; COPY (SELECT 1")
    print("ok what cannot be done is said, and no other file is read or written")
