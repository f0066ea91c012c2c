# RPostgreSQL through DBI.
suppressMessages(library(RPostgreSQL))
cat("## RPostgreSQL ", as.character(packageVersion("RPostgreSQL")), "\n", sep = "")
options(width = 400, digits = 15, digits.secs = 6, warn = 1)
Sys.setenv(TZ = "UTC")
open_db <- function(...) dbConnect(PostgreSQL(), host = Sys.getenv("PGHOST"), port = as.integer(Sys.getenv("PGPORT")), user = Sys.getenv("PGUSER"), ...)
db <- open_db(dbname = Sys.getenv("PGDATABASE"))

say <- function(e) cat("!", gsub("\\s+", " ", sub("\n(HINT|DETAIL|CONTEXT):.*", "", sub(".*(ERROR|FATAL):\\s*", "", conditionMessage(e)))), "\n")
attempt <- function(work) tryCatch(withCallingHandlers(work, warning = function(w) { cat("warning:", gsub("\\s+", " ", sub("\n(HINT|DETAIL|CONTEXT):.*", "", conditionMessage(w))), "\n"); invokeRestart("muffleWarning") }), error = say)
feature <- function(name, work) { cat("#", name, "\n"); attempt(work) }
show <- function(frame) { if (is.null(frame)) cat("NULL\n") else { cat("=", paste(names(frame), vapply(frame, function(c) class(c)[1], ""), sep = ":"), "\n"); print(as.data.frame(frame), row.names = FALSE) } }

feature("connect", {
  info <- dbGetInfo(db)
  cat(info$user == Sys.getenv("PGUSER"), info$dbname == Sys.getenv("PGDATABASE"), substr(info$serverVersion, 1, 2), info$protocolVersion, "\n")
  show(dbGetQuery(db, "select current_user, current_schema() as schema"))
  attempt(open_db(dbname = "nowhere"))
})
feature("types-text", {
  for (sql in c("select id, flag, small, medium, large, single, double, exact, wide, day, clock, at, at_zone from kinds.scalars where id <> 5 order by id", "select id, words, key, doc from kinds.scalars where id <> 5 order by id", "select id, bytes from kinds.scalars where id < 4 order by id",
    "select * from kinds.nested order by id", "select * from kinds.edges order by id", "select * from city.metro_stations order by station_id", "select * from names.odd order by id"))
    attempt(show(dbGetQuery(db, sql)))
  attempt(show(dbReadTable(db, c("city", "metro_stations"))))
  attempt({ r <- dbSendQuery(db, "select trip_id, fare, ticket, 1 as one, 1.5::numeric(9,3) as exact, entered_at from city.metro_trips t"); print(dbColumnInfo(r)); dbClearResult(r) })
})
feature("parameters", {
  attempt(show(dbGetQuery(db, "select id, words from kinds.scalars where id = $1", 1)))
  attempt(show(dbGetQuery(db, "select id from kinds.scalars where words = $1 and day > $2", c("plain", "2000-01-01"))))
  attempt(show(dbGetQuery(db, "select $1::numeric + 1 as a, $2 || 'x' as b", c("1.5", "é"))))
  attempt(show(dbGetQuery(db, "select id from kinds.scalars where id = $1", "x")))
})
feature("cursor", {
  r <- dbSendQuery(db, "select trip_id, fare from city.metro_trips order by trip_id")
  show(fetch(r, n = 3))
  cat(nrow(fetch(r, n = 1000)), dbHasCompleted(r), dbGetRowCount(r), "\n")
  cat(nrow(fetch(r, n = -1)), dbHasCompleted(r), "\n")
  print(dbClearResult(r))
  show(dbGetQuery(db, "select ticket, count(*) as n, avg(fare) as mean from city.metro_trips group by ticket order by ticket"))
})
feature("transactions", {
  print(dbBegin(db)); attempt(show(dbGetQuery(db, "select 1/0"))); attempt(show(dbGetQuery(db, "select 1 as a"))); print(dbRollback(db))
  print(dbBegin(db)); show(dbGetQuery(db, "select 'after' as a")); print(dbCommit(db))
})
feature("errors", for (sql in c("selec 1", "select nope from city.metro_trips", "select * from nothing", "insert into city.metro_trips values (1)")) attempt(show(dbGetQuery(db, sql))))
feature("metadata", {
  print(sort(grep("metro|scalars", dbListTables(db), value = TRUE)))
  attempt(print(dbListFields(db, c("city", "metro_stations"))))
  attempt(print(dbListFields(db, "scalars")))
  print(dbExistsTable(db, c("city", "metro_trips"))); print(dbExistsTable(db, "metro_trips")); print(dbExistsTable(db, c("city", "nowhere")))
  cat(dbEscapeStrings(db, "it's"), dbQuoteIdentifier(db, "Mixed \"Case\""), "\n")
})
invisible(dbDisconnect(db))
