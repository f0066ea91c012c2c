# Ruby's pg: text and binary results, type maps, single rows, pipelines.
require "pg"
$stdout.sync = true
puts "## ruby-pg #{PG::VERSION}"

def show(result)
  puts "= " + result.fields.each_with_index.map { |f, i| "#{f}:#{result.ftype(i)}:#{result.fmod(i)}:#{result.fformat(i)}" }.join(" ")
  result.each_row { |row| puts row.map(&:inspect).join("|") }
  puts "(#{result.ntuples}) #{result.cmd_status}"
end

def attempt
  yield
rescue PG::Error => e
  r = e.respond_to?(:result) ? e.result : nil
  if r
    at = r.error_field(PG::PG_DIAG_STATEMENT_POSITION)
    puts "! #{r.error_field(PG::PG_DIAG_SQLSTATE)} #{r.error_field(PG::PG_DIAG_MESSAGE_PRIMARY)}#{at ? " at #{at}" : ""}"
  else
    puts "! #{e.class} #{e.message.gsub(/port \d+/, "port").lines.first.strip}"
  end
rescue StandardError => e
  puts "! #{e.class} #{e.message}"
end

def feature(name)
  puts "# #{name}"
  attempt { yield PG.connect }
end

feature "connect" do |db|
  puts [db.db == ENV["PGDATABASE"], db.user == ENV["PGUSER"], db.protocol_version, db.server_version / 10000, db.transaction_status, db.backend_pid > 0].inspect
  %w[client_encoding DateStyle TimeZone IntervalStyle integer_datetimes standard_conforming_strings is_superuser server_encoding in_hot_standby default_transaction_read_only].each { |n| puts "#{n} #{db.parameter_status(n).inspect}" }
  puts PG::Connection.ping, db.internal_encoding.to_s
  attempt { PG.connect(dbname: "nowhere") }
end

SQLS = ["select * from kinds.scalars order by id", "select * from kinds.edges order by id", "select * from kinds.nested order by id"].freeze

feature "types-text" do |db|
  SQLS.each { |sql| attempt { show db.exec(sql) } }
  db.type_map_for_results = PG::BasicTypeMapForResults.new(db)
  SQLS.each { |sql| attempt { db.exec(sql).each { |row| puts row.inspect } } }
  puts PG::BasicTypeRegistry.new.register_default_types ? "registered" : ""
end

feature "types-binary" do |db|
  SQLS.each { |sql| attempt { show db.exec_params(sql, [], 1) } }
  db.type_map_for_results = PG::BasicTypeMapForResults.new(db)
  attempt { db.exec_params("select id, flag, small, large, double, words, bytes, at from kinds.scalars order by id", [], 1).each { |row| puts row.inspect } }
end

feature "parameters" do |db|
  db.type_map_for_queries = PG::BasicTypeMapForQueries.new(db)
  [
    ["select id from kinds.scalars where id = $1", [1]],
    ["select id from kinds.scalars where double < $1 order by id", [0.5]],
    ["select id from kinds.scalars where flag = $1 order by id", [true]],
    ["select id from kinds.scalars where large = $1", [9223372036854775807]],
    ["select id from kinds.scalars where words = $1", ["plain"]],
    ["select id from kinds.scalars where at_zone > $1 order by id", [Time.utc(2024, 1, 1)]],
    ["select id from kinds.scalars where id = any($1) order by id", [[1, 3, 99]]],
    ["select id from kinds.scalars where id = any($1::int[]) order by id", ["{1,3}"]],
    ["select id from kinds.scalars where words = any($1) order by id", [["plain", ""]]],
    ["select $1::text, $2::int, $3::bool, $4::text[]", ["é'", nil, false, ["a b", nil, "c\"d"]]],
    ["select $1::bytea", [{ value: "\x00\xff".b, format: 1 }]],
    ["select $1::int + 1", [{ value: [41].pack("N"), format: 1, type: 23 }]],
    ["select id from kinds.scalars where id = $1", [nil]],
  ].each { |sql, values| attempt { show db.exec_params(sql, values) } }
end

feature "prepared" do |db|
  db.prepare("q", "select words, exact from kinds.scalars where id = $1 and day > $2")
  described = db.describe_prepared("q")
  puts described.nparams, (0...described.nparams).map { |i| described.paramtype(i) }.inspect
  puts (0...described.nfields).map { |i| [described.fname(i), described.ftype(i), described.ftable(i) > 0, described.ftablecol(i)] }.inspect
  show db.exec_prepared("q", [1, "2000-01-01"])
  attempt { db.prepare("q", "select 1") }
  attempt { db.exec_prepared("none", []) }
  attempt { db.exec_prepared("q", [1]) }
  db.exec("deallocate q")
  attempt { db.exec_prepared("q", [1, "2000-01-01"]) }
  db.exec("begin")
  db.exec("declare c cursor for select id, words from kinds.scalars")
  p = db.describe_portal("c")
  puts p.nfields, p.fname(1), p.ftype(1)
  db.exec("rollback")
end

feature "pipeline" do |db|
  db.enter_pipeline_mode
  db.send_query_params("select $1::int as a", [1])
  db.send_query_params("select nope", [])
  db.send_query_params("select $1::int as b", [2])
  db.pipeline_sync
  db.send_query_params("select $1::int as c", [3])
  db.pipeline_sync
  seen = 0
  while seen < 2
    while (r = db.get_result)
      case r.result_status
      when PG::PGRES_PIPELINE_SYNC then puts "sync"; seen += 1; break
      when PG::PGRES_PIPELINE_ABORTED then puts "aborted"
      when PG::PGRES_FATAL_ERROR then puts "! #{r.error_field(PG::PG_DIAG_SQLSTATE)}"
      else puts r.values.inspect
      end
    end
  end
  db.exit_pipeline_mode
  show db.exec("select 'after'")
end

feature "cursor" do |db|
  db.transaction do |t|
    t.exec("declare c cursor for select trip_id from city.metro_trips order by 1")
    n = 0
    loop do
      r = t.exec("fetch 900 from c")
      n += r.ntuples
      break if r.ntuples.zero?
    end
    puts n
  end
end

feature "stream" do |db|
  db.send_query("select trip_id, fare from city.metro_trips order by trip_id; select 10 / (trip_id - 40) from city.metro_trips order by trip_id")
  db.set_single_row_mode
  n = 0
  attempt { db.get_result.stream_each_row { |row| n += row[0].to_i } }
  puts n
  while (r = db.get_result)
    # How many rows come before the error is not told by either.
    puts r.error_field(PG::PG_DIAG_SQLSTATE) if r.result_status == PG::PGRES_FATAL_ERROR
  end
  show db.exec("select 'after'")
end

feature "copy" do |db|
  ["copy city.metro_stations to stdout", "copy (select id, words, bytes from kinds.scalars where id < 6 order by id) to stdout csv header"].each do |sql|
    r = db.copy_data(sql) { while (row = db.get_copy_data) do puts row.inspect end }
    puts r.cmd_status
  end
  db.copy_data("copy (select ints, words from kinds.nested order by id) to stdout", PG::TextDecoder::CopyRow.new) { while (row = db.get_copy_data) do puts row.inspect end }
  db.copy_data("copy (select id, large from kinds.scalars order by id) to stdout binary") { while (row = db.get_copy_data) do puts row.unpack1("H*") end }
  attempt { db.copy_data("copy nowhere to stdout") {} }
  attempt { db.copy_data("copy city.metro_trips to stdout") { raise PG::Error, "enough" } }
  show db.exec("select 'after'")
end

feature "transactions" do |db|
  puts db.transaction_status
  db.exec("begin")
  attempt { db.exec("select nope") }
  puts db.transaction_status
  attempt { db.exec("select 1") }
  show db.exec("commit")
  attempt { db.transaction { |t| t.exec("select 1/0") } }
  puts db.transaction_status
  attempt { db.transaction { raise "own" } }
  show db.exec("start transaction isolation level serializable read only")
  show db.exec("show transaction_isolation")
  show db.exec("rollback and chain")
  show db.exec("end")
end

feature "errors" do |db|
  ["selec 1", "select nope from city.metro_trips", "select * from nothing", "select 1/0", "select 'x'::int", "select nofunc(1)", "update city.metro_trips set fare = 1", "select '['::json", "select 'é' || nope"].each do |sql|
    attempt { db.exec(sql) }
  end
  show db.exec("select 1; select 2, 3")
  attempt { db.exec_params("select 1; select 2", []) }
  puts db.exec("").result_status
end

feature "notices" do |db|
  db.set_notice_receiver { |r| puts [r.error_field(PG::PG_DIAG_SEVERITY), r.error_field(PG::PG_DIAG_SQLSTATE), r.error_message.strip].inspect }
  db.exec("commit")
  db.exec("listen news")
  puts db.wait_for_notify(0.05).inspect
end

feature "cancel" do |db|
  db.send_query("select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b")
  # A cancel that comes before the statement does reaches nothing.
  watcher = PG.connect
  running = "select 1 from pg_stat_activity where pid = $1::int and state = 'active' and query like '%generate_series%'"
  sleep 0.02 while watcher.exec_params(running, [db.backend_pid]).ntuples.zero?
  sleep 0.2
  watcher.close
  puts db.cancel.inspect
  attempt { db.get_last_result }
  db.exec("set statement_timeout = 100")
  attempt { db.exec("select pg_sleep(5)") }
  db.exec("reset statement_timeout")
  show db.exec("select 'after'")
end
