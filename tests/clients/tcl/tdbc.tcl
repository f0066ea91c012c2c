# Tcl: tdbc::postgres and Pgtcl.
package require tdbc::postgres
fconfigure stdout -encoding utf-8 -buffering line
encoding system utf-8
puts "## Tcl tdbc::postgres [package require tdbc::postgres]"

proc attempt {script} {
    if {[catch {uplevel 1 $script} message options]} {
        set code [dict get $options -errorcode]
        if {[lindex $code 0] eq "TDBC"} {
            regsub {^.*FATAL:} $message {} message
            regsub {\n(HINT|DETAIL):.*$} $message {} message
            regsub -all {\s+} $message { } message
            puts "! [lindex $code 2] $message"
        } else {
            puts "! $message"
        }
    }
}

proc feature {name script} {
    puts "# $name"
    tdbc::postgres::connection create db -host $::env(PGHOST) -port $::env(PGPORT) -db $::env(PGDATABASE) -user $::env(PGUSER)
    attempt $script
    catch {db close}
}

proc show {sql args} {
    set s [db prepare $sql]
    attempt {
        set r [$s execute {*}$args]
        puts "= [$r columns]"
        while {[$r nextlist row]} {puts [join $row |]}
        puts "([$r rowcount])"
    }
    $s close
}

feature connect {
    puts [dict get [db configure] -encoding]
    puts [db configure -isolation]
    attempt {tdbc::postgres::connection create other -host $::env(PGHOST) -port $::env(PGPORT) -db nowhere -user reader}
}

feature types-text {
    show {select * from kinds.scalars where id <> 5 order by id}
    show {select * from kinds.nested order by id}
    puts [db allrows -as dicts {select station_id, name, opened from city.metro_stations order by 1}]
}

feature parameters {
    show {select id from kinds.scalars where id = :id} {id 1}
    show {select id from kinds.scalars where words = :w and day > :d} {w plain d 2000-01-01}
    show {select id from kinds.scalars where exact > :e or double < :x order by id} {e 100 x -0.05}
    show {select id from kinds.scalars where id is not distinct from :missing} {}
    show {select id from kinds.scalars where flag = :f and at < :t order by id} {f t t 2024-01-01}
    show {select :a || 'x', :b::int + 1} {a é b 4}
    show {select id from kinds.scalars where id = :id} {id x}
    set s [db prepare {select words from kinds.scalars where id = :id}]
    puts [$s params]
    $s close
}

feature transactions {
    foreach level {readuncommitted readcommitted repeatableread serializable} {
        db configure -isolation $level
        puts [db configure -isolation]
        show {show transaction_isolation}
    }
    db configure -readonly 1
    show {show transaction_read_only}
    db transaction {show {select 'inside'}}
    attempt {db transaction {show {select 1/0}; error own}}
    show {select 'after'}
}

feature errors {
    show {select nope from city.metro_trips}
    show {select * from nothing}
    show {select 1/0}
    attempt {set s [db prepare {selec 1}]; $s execute}
}

feature metadata {
    puts [lsort [dict keys [db tables metro%]]]
    foreach {name about} [lsort -stride 2 [db columns scalars]] {puts "$name $about"}
    foreach {name about} [lsort -stride 2 [db columns metro_stations]] {puts "$name $about"}
    puts [db primarykeys metro_stations]
    puts [db foreignkeys -primary metro_stations]
    puts [db foreignkeys -foreign metro_trips]
}

puts "# queries"
package require Pgtcl
set pg [pg_connect -conninfo "host=$env(PGHOST) port=$env(PGPORT) dbname=$env(PGDATABASE) user=$env(PGUSER)"]
pg_select $pg {select trip_id, fare from city.metro_trips order by trip_id limit 3} row {puts "$row(trip_id) $row(fare)"}
set r [pg_exec $pg {select id, words from kinds.scalars where id < 4 order by id}]
puts "[pg_result $r -status] [pg_result $r -numTuples] [pg_result $r -lAttributes] [pg_result $r -getTuple 1]"
pg_result $r -clear
set r [pg_exec $pg {select nope}]
puts "[pg_result $r -status] [pg_result $r -error sqlstate] [pg_result $r -error position]"
set r [pg_exec_prepared $pg none]
puts [pg_result $r -error sqlstate]
set r [pg_exec $pg {copy city.metro_stations to stdout}]
puts [pg_result $r -status]
while {[gets $pg line] >= 0} {puts $line}
pg_result $r -clear
pg_disconnect $pg
