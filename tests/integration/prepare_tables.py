#!/usr/bin/env python3
"""The steps that make a table from a table, through Parquet and back to CSV."""
import json, os, pathlib, subprocess, tempfile

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
    folds = [row.split(",")[1] for row in table("folds", "many.csv", "--folds", "4")[1:]]
    assert all(200 < folds.count(str(fold)) < 300 for fold in range(4)), folds
    made = table("folds", "p.csv", "--folds", "2", "--by", "colour", "--name", "part")
    assert made[0] == "id,price,colour,w,part" and made[1][-1] == made[3][-1] == made[4][-1]
    dealt = [row.split(",") for row in table("folds", "p.csv", "--folds", "3", "--alike", "colour")[1:]]
    assert sorted(row[4] for row in dealt if row[2] == "red") == ["0", "1", "2"]
    refused('has a column "w" already', "folds", "p.csv", "--name", "w")
    print("ok sample, split, folds")

    # What was learned from one table, put to another.
    (work / "new.csv").write_text("id,price,colour,w\n7,25,red,\n8,99,pink,2\n")
    assert table("normalise", "new.csv", "p.csv", "--columns", "price", "--how", "min-max")[1:] == ["7,0.75,red,", "8,4.45,pink,2"]
    assert table("clean", "new.csv", "p.csv", "--how", "mean", "--columns", "w")[1] == "7,25,red,3.0"
    assert table("clip", "new.csv", "p.csv", "--columns", "price", "--low", "0", "--high", "1")[2] == "8,30.0,pink,2"
    assert [row.split(",")[1] for row in table("bins", "new.csv", "p.csv", "--columns", "price", "--bins", "2")] == ["price", "1", "1"]
    assert [row.split(",")[1] for row in table("bins", "new.csv", "p.csv", "--columns", "price", "--bins", "4", "--how", "width")] == ["price", "3", "3"]
    assert table("indicators", "new.csv", "p.csv", "--columns", "colour")[1:] == ["7,25,0,0,1,", "8,99,0,0,0,2"]
    refused('p.csv has no column "shop"', "clean", "q.csv", "p.csv", "--how", "mode", "--columns", "shop")
    print("ok what one table taught is put to another")

    assert table("enter", "--row", "name,age", "--row", "Ada,36", "--row", "Grace,85") == ["name,age", "Ada,36", "Grace,85"]
    print("ok enter")

    # y rests on a and c alone; d is noise.
    (work / "tell.csv").write_text("d,a,c,y,rare\n" + "".join(
        f"{(i * 7919) % 101},{i % 50},{'xyz'[i % 3]},{i % 50 + 100 * (i % 3)},{'odd' if i % 20 == 0 else 'usual'}\n" for i in range(600)))
    for by in ("power", "f", "chi2", "mutual"):
        assert table("choose", "tell.csv", "--target", "y", "--most", "2", "--by", by, "--task", "regress")[0] == "a,c,y", by
    assert table("choose", "tell.csv", "--target", "y", "--most", "1", "--by", "spearman", "--task", "regress")[0] == "a,y"
    assert table("choose", "tell.csv", "tell.csv", "--target", "rare", "--most", "1", "--by", "pearson")[0] == "a,rare"
    refused('"pearson" says nothing of any column about "c"', "choose", "tell.csv", "--target", "c", "--by", "pearson")
    print("ok choose")

    made = table("balance", "tell.csv", "--target", "rare")
    rows = [row.split(",") for row in made[1:]]
    assert made[:601] == (work / "tell.csv").read_text().splitlines()
    assert len([row for row in rows if row[4] == "odd"]) == len([row for row in rows if row[4] == "usual"]) == 570
    # Whole numbers stay whole, and nothing lies outside of what the label's rows span.
    rare = [row for row in rows[:600] if row[4] == "odd"]
    for column in (0, 1, 3):
        least, most = min(int(row[column]) for row in rare), max(int(row[column]) for row in rare)
        assert all(least <= int(row[column]) <= most for row in rows[600:]), column
    assert table("balance", "tell.csv", "--target", "rare") == made and len(table("balance", "tell.csv", "--target", "rare", "--to", "0.5")) == 856
    refused('has no column "x"', "balance", "tell.csv", "--target", "x")
    assert sorted(os.listdir(work)) == sorted(set(os.listdir(work)) - {"pairs.csv", "typed.csv"})
    print("ok balance")

    assert gyre("train", "table", "tell.csv", "--target", "y", "--task", "regress", "--leave-out", "rare", "--out", "m.onnx").returncode == 0
    done = gyre("validate", "importance", "m.onnx", "tell.csv", "--target", "y", "--out", "i.json")
    assert done.returncode == 0, done
    told = json.loads((work / "i.json").read_text())
    assert [one["column"] for one in told["columns"]] == ["c", "a", "d"] and told["metric"] == "rmse", told
    assert told["columns"][0]["fall"] > 50 > abs(told["columns"][2]["fall"]) * 10, told
    print("ok importance")

    refused('has no column "cost"', "select", "p.csv", "--columns", "cost")
    refused('column "colour" is no number', "normalise", "p.csv", "--columns", "colour")
    refused("syntax error", "filter", "p.csv", "--where", "price >")
    refused("Could not convert string 'red'", "edit", "p.csv", "--types", "colour=number")
    refused("Cannot access file", "query", "p.csv", "--sql", "SELECT * FROM read_csv('/etc/passwd', delim=':', header=false)")
    refused("Permission Error", "query", "p.csv", "--sql", f"SELECT 1) TO '{work}/x.csv'; COPY (SELECT 1")
    print("ok what cannot be done is said, and no other file is read or written")
