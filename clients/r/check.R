# MLflow's R client, unchanged, against the server at MLFLOW_TRACKING_URI. Each line `ok` is what R saw come back.
suppressPackageStartupMessages(library(mlflow))
options(warn = 1)

equal <- function(seen, wanted) {
  if (!isTRUE(all.equal(seen, wanted)))
    stop("seen ", paste(deparse(seen), collapse = ""), ", wanted ", paste(deparse(wanted), collapse = ""), call. = FALSE)
}
refused <- function(call, says) {
  message <- tryCatch({ call; "nothing was refused" }, error = conditionMessage)
  if (!grepl(says, message, fixed = TRUE)) stop("said: ", message, ", wanted: ", says, call. = FALSE)
}
ok <- function(...) cat("ok ", ..., "\n", sep = "")
value_of <- function(pairs, key) pairs$value[pairs$key == key]

experiments <- function() {
  id <- mlflow_create_experiment("r line", tags = list(plant = "nord"))
  mlflow_set_experiment_tag("shift", "late", experiment_id = id)
  seen <- mlflow_get_experiment(experiment_id = id)
  equal(seen$name, "r line")
  equal(value_of(seen$tags[[1]], "plant"), "nord")
  equal(value_of(seen$tags[[1]], "shift"), "late")
  mlflow_rename_experiment("r line 2", experiment_id = id)
  equal(mlflow_get_experiment(name = "r line 2")$experiment_id, id)
  other <- mlflow_create_experiment("r other")
  mlflow_delete_experiment(other)
  equal(mlflow_search_experiments(experiment_view_type = "DELETED_ONLY")$experiments$name, "r other")
  mlflow_restore_experiment(other)
  found <- mlflow_search_experiments(filter = "name LIKE 'r %'", order_by = list("name DESC"))$experiments
  equal(found$name, c("r other", "r line 2"))
  first <- mlflow_search_experiments(filter = "name LIKE 'r %'", max_results = 1, order_by = list("name"))
  rest <- mlflow_search_experiments(filter = "name LIKE 'r %'", max_results = 1, order_by = list("name"), page_token = first$next_page_token)
  equal(c(first$experiments$name, rest$experiments$name), c("r line 2", "r other"))
  refused(mlflow_get_experiment(name = "nobody made it"), "RESOURCE_DOES_NOT_EXIST")
  refused(mlflow_create_experiment("r other"), "RESOURCE_ALREADY_EXISTS")
  ok("experiments")
}

runs <- function() {
  mlflow_set_experiment("r runs")
  run <- mlflow_start_run()
  id <- run$run_uuid
  mlflow_log_param("depth", 6L)
  mlflow_log_param("words", "größer, \"more\" 'or' \\ less")
  for (step in 1:5) mlflow_log_metric("loss", 1 / step, step = step, timestamp = 1000 * step)
  mlflow_log_metric("odd", NaN)
  mlflow_log_metric("high", Inf)
  mlflow_set_tag("line", "3")
  mlflow_set_tag("gone", "soon")
  mlflow_delete_tag("gone")
  mlflow_log_batch(
    metrics = data.frame(key = c("a", "b"), value = c(0.1, -Inf), step = c(0, 7), timestamp = c(5, 6)),
    params = data.frame(key = "rate", value = "0.01"),
    tags = data.frame(key = "batch", value = "yes"))
  mlflow_end_run()

  seen <- mlflow_get_run(run_id = id)
  equal(seen$status, "FINISHED")
  metrics <- seen$metrics[[1]]
  equal(value_of(metrics, "loss"), 0.2)
  equal(metrics$step[metrics$key == "loss"], 5)
  equal(value_of(metrics, "odd"), NaN)
  if (value_of(metrics, "high") < 1.7e308 || value_of(metrics, "b") > -1.7e308) stop("infinities came back as numbers")
  equal(value_of(seen$params[[1]], "words"), "größer, \"more\" 'or' \\ less")
  equal(value_of(seen$params[[1]], "rate"), "0.01")
  equal(value_of(seen$tags[[1]], "batch"), "yes")
  equal(length(value_of(seen$tags[[1]], "gone")), 0L)
  history <- mlflow_get_metric_history("loss", run_id = id)
  equal(history$value, 1 / 1:5)
  equal(history$step, as.double(1:5))
  equal(as.numeric(history$timestamp), as.double(1:5))
  ok("params, metrics, tags, batches of a run")

  with(mlflow_start_run(), {
    mlflow_log_metric("loss", 0.5)
    child <- mlflow_start_run(nested = TRUE)
    mlflow_end_run()
  })
  equal(length(value_of(mlflow_get_run(child$run_uuid)$tags[[1]], "mlflow.parentRunId")), 1L)
  with(mlflow_start_run(), stop("on purpose"))
  equal(nrow(mlflow_search_runs("attributes.status = 'FAILED'")), 1L)
  found <- mlflow_search_runs("metrics.loss < 0.9", order_by = list("metrics.loss DESC"))
  equal(sapply(found$metrics, value_of, "loss"), c(0.5, 0.2))
  equal(mlflow_search_runs("params.depth = '6' and tags.line = '3'")$run_uuid, id)
  refused(mlflow_search_runs("params.depth > '6'"), "INVALID_PARAMETER_VALUE")
  refused(mlflow_log_param("depth", "7", run_id = id), "INVALID_PARAMETER_VALUE")
  refused(mlflow_get_run("0123456789abcdef0123456789abcdef"), "RESOURCE_DOES_NOT_EXIST")
  mlflow_delete_run(id)
  equal(mlflow_search_runs(run_view_type = "DELETED_ONLY")$run_uuid, id)
  equal(mlflow_restore_run(id)$lifecycle_stage, "active")
  ok("nested and failed runs, searches, refusals, deleted and restored")

  run <- mlflow_start_run(client = mlflow_client(), experiment_id = mlflow_get_experiment(name = "r runs")$experiment_id, tags = list(how = "by client"))
  refused(mlflow_end_run(client = mlflow_client()), "`run_id` must be specified")
  equal(mlflow_end_run("KILLED", run_id = run$run_uuid, client = mlflow_client())$status, "KILLED")
  ok("runs by an explicit client")
}

# Files go through the command of MLflow's Python package, as the R client has it.
artifacts <- function() {
  folder <- tempfile()
  dir.create(file.path(folder, "inner"), recursive = TRUE)
  writeLines("one", file.path(folder, "one.txt"))
  writeBin(as.raw(0:255), file.path(folder, "inner", "bytes.bin"))
  mlflow_start_run()
  mlflow_log_artifact(file.path(folder, "one.txt"))
  mlflow_log_artifact(folder, artifact_path = "all")
  equal(mlflow_list_artifacts()$path, c("all", "one.txt"))
  equal(mlflow_list_artifacts("all/inner")$path, "all/inner/bytes.bin")
  equal(as.double(mlflow_list_artifacts("all/inner")$file_size), 256)
  back <- mlflow_download_artifacts("all")
  equal(readBin(file.path(back, "inner", "bytes.bin"), "raw", 1000), as.raw(0:255))
  mlflow_end_run()
  ok("artifacts")
}

models <- function() {
  run <- mlflow_start_run()
  add <- structure(function(x) x + 1, class = c("crate", "function"))
  mlflow_log_model(add, "model")
  mlflow_end_run()
  logged <- mlflow_load_model(paste0("runs:/", run$run_uuid, "/model"))
  equal(mlflow_predict(logged, 41), 42)
  ok("a model of R's own flavour, logged and loaded again")

  equal(mlflow_create_registered_model("r-adder", tags = list(list(key = "team", value = "blue")), description = "adds")$name, "r-adder")
  version <- mlflow_create_model_version("r-adder", paste0("runs:/", run$run_uuid, "/model"), run_id = run$run_uuid, description = "first")
  equal(version$version, "1")
  equal(mlflow_update_model_version("r-adder", "1", "the first")$description, "the first")
  mlflow_set_model_version_tag("r-adder", version = "1", key = "checked", value = "yes")
  seen <- mlflow_get_model_version("r-adder", "1")
  equal(seen$tags[[1]]$value, "yes")
  equal(seen$run_id, run$run_uuid)
  equal(mlflow_transition_model_version_stage("r-adder", "1", "Production")$current_stage, "Production")
  equal(mlflow_get_latest_versions("r-adder")[[1]]$version, "1")
  mlflow_set_model_version_tag("r-adder", stage = "Production", key = "where", value = "line 3")
  equal(length(mlflow_get_model_version("r-adder", "1")$tags), 2L)
  equal(mlflow_predict(mlflow_load_model("models:/r-adder/Production"), 1), 2)
  equal(mlflow_update_registered_model("r-adder", "adds one")$description, "adds one")
  equal(mlflow_rename_registered_model("r-adder", "r-adds")$name, "r-adds")
  found <- mlflow_search_registered_models(filter = "name LIKE 'r-%'")
  equal(sapply(found$registered_models, function(model) model$name), "r-adds")
  equal(mlflow_get_registered_model("r-adds")$description, "adds one")
  mlflow_delete_model_version("r-adds", "1")
  refused(mlflow_get_model_version("r-adds", "1"), "RESOURCE_DOES_NOT_EXIST")
  mlflow_delete_registered_model("r-adds")
  refused(mlflow_get_registered_model("r-adds"), "RESOURCE_DOES_NOT_EXIST")
  ok("the registry")
}

experiments()
runs()
if (Sys.getenv("MLFLOW_BIN") == "") {
  cat("skipped: artifacts from R go through the command mlflow, and clients/mlflow/run has not made its virtual environment\n")
} else {
  artifacts()
  models()
}
