"""The rows of a workspace, read past gyre: from gyre.db, or from PostgreSQL where they are there."""
import json, os, pathlib, sqlite3, subprocess

from postgres import programs


def query(folder, sql):
    """Rows as tuples."""
    root = pathlib.Path(folder) / ".gyre"
    url = json.loads((root / "config.json").read_text()).get("rows") if (root / "config.json").exists() else None
    if not url:
        with sqlite3.connect(f"file:{root}/gyre.db?mode=ro", uri=True, timeout=10) as rows:
            return rows.execute(sql).fetchall()
    url, _, schema = url.partition("&schema=")
    said = subprocess.run([programs() / "psql", "-XAtq", url, "-c", f"SELECT coalesce(json_agg(r), '[]') FROM ({sql}) r"], check=True, text=True,
                          capture_output=True, env=dict(os.environ, PGOPTIONS=f"-c search_path={schema}")).stdout
    return [tuple(row.values()) for row in json.loads(said)]
