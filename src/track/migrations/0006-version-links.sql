ALTER TABLE model_version ADD COLUMN logged_model TEXT NOT NULL DEFAULT ''; -- '' when none is known
ALTER TABLE model_version ADD COLUMN run_link TEXT NOT NULL DEFAULT '';     -- a run on another server, as a URL
