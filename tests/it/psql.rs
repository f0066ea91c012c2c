//! The real psql (version 15) at the shared server: its `\d` commands, its settings, and how it shows errors.

use expect_test::{Expect, expect};

use crate::harness::{Server, program};

/// What psql prints for commands, errors behind the rest. The progress of first touches is left out.
fn psql(commands: &[&str]) -> String {
    let arguments: Vec<&str> = commands.iter().flat_map(|c| ["-c", c]).collect();
    let (out, err) = Server::shared().psql("open", &arguments);
    let err: Vec<&str> = err.lines().filter(|l| !l.starts_with("NOTICE:  read")).collect();
    let text = if err.is_empty() { out } else { format!("{out}{}\n", err.join("\n")) };
    text.lines().map(|l| format!("{}\n", sized(l.trim_end()))).collect()
}

/// The line with `#` for the digits of a size of up to four: how many bytes a snapshot takes is the Parquet writer's affair.
fn sized(line: &str) -> String {
    match line.find(" kB |") {
        Some(end) if end >= 4 => format!("{}####{}", &line[..end - 4], &line[end..]),
        Some(_) | None => line.to_owned(),
    }
}

fn check(commands: &[&str], want: Expect) {
    want.assert_eq(&psql(commands));
}

#[test]
fn every_describing_command_is_answered() {
    // What PostgreSQL 15 prints above an empty list is the least that is to come.
    for (command, wants) in [
        ("\\d", &["List of relations", " transport   | 焼津市バス路線"] as &[&str]),
        ("\\dt", &["List of relations", " transport   | ourairports_airports ", "| table | tester"]),
        ("\\dt transport.*", &["| ourairports_airports ", "焼津市バス路線"]),
        ("\\dt *.*", &["information_schema", "pg_class"]),
        ("\\dt+ transport.ourairports_airports", &["Persistence", "permanent", "Airports"]),
        ("\\dn", &["List of schemas", " environment | tester", " transport   | tester"]),
        ("\\dn+", &["Description"]),
        ("\\l", &["List of databases", " open     | tester | UTF8"]),
        ("\\l+", &["Tablespace"]),
        ("\\du", &["List of roles", "tester"]),
        ("\\dg", &["List of roles"]),
        ("\\df", &["List of functions", "(0 rows)"]),
        ("\\df abs", &[" pg_catalog | abs  | bigint "]),
        ("\\df+ now", &["List of functions"]),
        ("\\da", &["List of aggregate functions"]),
        ("\\dv", &["Did not find any relations."]),
        ("\\dm", &["Did not find any relations."]),
        ("\\di", &["List of relations", "_pkey", "| index |"]),
        ("\\ds", &["Did not find any relations."]),
        ("\\dp transport.taxis", &["Access privileges", "taxis"]),
        ("\\z transport.taxis", &["Access privileges", "taxis"]),
        ("\\dx", &["List of installed extensions"]),
        ("\\db", &["List of tablespaces", "pg_default"]),
        ("\\dc", &["List of conversions"]),
        ("\\dC", &["List of casts"]),
        ("\\dd", &["Object descriptions"]),
        ("\\dD", &["List of domains"]),
        ("\\ddp", &["Default access privileges"]),
        ("\\des", &["List of foreign servers"]),
        ("\\dew", &["List of foreign-data wrappers"]),
        ("\\det", &["List of foreign tables"]),
        ("\\deu", &["List of user mappings"]),
        ("\\dF", &["List of text search configurations"]),
        ("\\dFd", &["List of text search dictionaries"]),
        ("\\dL", &["List of languages"]),
        ("\\do", &["List of operators"]),
        ("\\dO", &["List of collations"]),
        ("\\dP", &["List of partitioned relations"]),
        ("\\drds", &["Did not find any settings."]),
        ("\\dRp", &["List of publications"]),
        ("\\dRs", &["List of subscriptions"]),
        ("\\dT", &["List of data types"]),
        ("\\dTS int4", &["integer"]),
        ("\\dX", &["List of extended statistics"]),
        ("\\dy", &["List of event triggers"]),
        ("\\dA", &["List of access methods", "heap"]),
        ("\\dAc", &["List of operator classes"]),
        ("\\dconfig server_version", &["15."]),
        ("\\dl", &["Large objects"]),
        ("\\encoding", &["UTF8"]),
        ("\\d nothing_here", &["Did not find any relation named \"nothing_here\"."]),
        ("\\dt nothing.*", &["Did not find any relation named \"nothing.*\"."]),
        ("\\d pg_class", &["Table \"pg_catalog.pg_class\"", " oid                 | oid          |           | not null |"]),
    ] {
        let shown = psql(&[command]);
        assert!(!shown.contains("ERROR"), "{command}: {shown}");
        for want in wants {
            assert!(shown.contains(want), "{command} lacks {want:?}: {shown}");
        }
    }
}

/// What another of PostgreSQL's programs prints, which must end well.
fn printed(name: &str, arguments: &[&str]) -> String {
    let mut asked = program(name);
    asked.args(["-h", "127.0.0.1", "-U", "tester", "-p"]).arg(Server::shared().address.port().to_string()).args(arguments);
    let out = asked.output().expect("PostgreSQL's programs are installed by tests/run");
    assert!(out.status.success(), "{name} {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn schemas_and_roles_are_dumped_and_databases_listed() {
    let one = &[
        "CREATE TABLE transport.ourairports_airports (",
        "    ident text",
        "COMMENT ON TABLE transport.ourairports_airports IS",
    ][..];
    check(
        &["select count(*) from transport.ourairports_airports where id < 0"],
        expect![[r#"
         count
        -------
             0
        (1 row)

    "#]],
    );
    for (name, arguments, wants) in [
        (
            "pg_dump",
            &["-s", "open"][..],
            &["CREATE SCHEMA environment;", "CREATE VIEW catalog.datasets AS\n SELECT NULL::text AS"][..],
        ),
        ("pg_dump", &["-s", "open"], one),
        ("pg_dump", &["-s", "-n", "transport", "open"], one),
        ("pg_dump", &["-s", "-t", "transport.ourairports_airports", "open"], one),
        ("pg_dumpall", &["-g"], &["CREATE ROLE tester;", "NOREPLICATION NOBYPASSRLS;"]),
        ("psql", &["-X", "-l"], &[" open     | tester | UTF8", " postgres | tester | UTF8"]),
        ("psql", &["-X", "-c", "\\dt", "-c", "select current_database()", "postgres"], &[" postgres\n"]),
    ] {
        let text = printed(name, arguments);
        for want in wants {
            assert!(text.contains(want), "{name} {arguments:?} lacks {want:?}: {text}");
        }
    }
}

#[test]
fn a_table_is_described() {
    check(
        &["\\d transport.ourairports_airports"],
        expect![[r#"
                            Table "transport.ourairports_airports"
                  Column       |       Type       | Collation | Nullable | Default
            -------------------+------------------+-----------+----------+---------
             id                | bigint           |           |          |
             ident             | text             |           |          |
             type              | text             |           |          |
             name              | text             |           |          |
             latitude_deg      | double precision |           |          |
             longitude_deg     | double precision |           |          |
             elevation_ft      | bigint           |           |          |
             continent         | text             |           |          |
             iso_country       | text             |           |          |
             iso_region        | text             |           |          |
             municipality      | text             |           |          |
             scheduled_service | boolean          |           |          |
             gps_code          | text             |           |          |
             iata_code         | text             |           |          |
             local_code        | text             |           |          |
             home_link         | text             |           |          |
             wikipedia_link    | text             |           |          |
             keywords          | text             |           |          |

        "#]],
    );
}

#[test]
fn titles_descriptions_and_units_are_comments() {
    check(
        &["\\d+ transport.ourairports_runways", "\\dt+ transport.ourairports_runways"],
        expect![[r#"
                                                            Table "transport.ourairports_runways"
                      Column           |       Type       | Collation | Nullable | Default | Storage  | Compression | Stats target | Description
            ---------------------------+------------------+-----------+----------+---------+----------+-------------+--------------+-------------
             id                        | bigint           |           |          |         | plain    |             |              |
             airport_ref               | bigint           |           |          |         | plain    |             |              |
             airport_ident             | text             |           |          |         | extended |             |              |
             length_ft                 | bigint           |           |          |         | plain    |             |              | [ft]
             width_ft                  | bigint           |           |          |         | plain    |             |              | [ft]
             surface                   | text             |           |          |         | extended |             |              |
             lighted                   | bigint           |           |          |         | plain    |             |              |
             closed                    | bigint           |           |          |         | plain    |             |              |
             le_ident                  | text             |           |          |         | extended |             |              |
             le_latitude_deg           | double precision |           |          |         | plain    |             |              |
             le_longitude_deg          | double precision |           |          |         | plain    |             |              |
             le_elevation_ft           | bigint           |           |          |         | plain    |             |              |
             le_heading_degT           | double precision |           |          |         | plain    |             |              |
             le_displaced_threshold_ft | bigint           |           |          |         | plain    |             |              |
             he_ident                  | text             |           |          |         | extended |             |              |
             he_latitude_deg           | double precision |           |          |         | plain    |             |              |
             he_longitude_deg          | double precision |           |          |         | plain    |             |              |
             he_elevation_ft           | bigint           |           |          |         | plain    |             |              |
             he_heading_degT           | double precision |           |          |         | plain    |             |              |
             he_displaced_threshold_ft | bigint           |           |          |         | plain    |             |              |
            Access method: heap

                                                                                                                                                                                          List of relations
              Schema   |        Name         | Type  | Owner  | Persistence | Access method |  Size   |                                                                                                                                   Description
            -----------+---------------------+-------+--------+-------------+---------------+---------+----------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------
             transport | ourairports_runways | table | tester | permanent   | heap          | #### kB | OurAirports: airports, runways and radio aids of the world: Runways - Every airport known to the OurAirports volunteers, from airliner hubs to closed heliports, with runways, frequencies and navigation aids. The code NA is Namibia or North America and not a missing value.+
                       |                     |       |        |             |               |         | published by OurAirports; licence Unlicense
            (1 row)

        "#]],
    );
    check(
        &["\\d+ health.china_cases"],
        expect![[r#"
                                                                    Table "health.china_cases"
          Column   |  Type  | Collation | Nullable | Default | Storage  | Compression | Stats target |                    Description
        -----------+--------+-----------+----------+---------+----------+-------------+--------------+----------------------------------------------------
         报道时间  | date   |           |          |         | plain    |             |              | Day of the report; one is published cut to 2020年.
         省份      | text   |           |          |         | extended |             |              |
         城市      | text   |           |          |         | extended |             |              |
         新增确诊  | bigint |           |          |         | plain    |             |              | New confirmed cases. [人]
         新增出院  | bigint |           |          |         | plain    |             |              | New discharges. [人]
         新增死亡  | bigint |           |          |         | plain    |             |              | New deaths. [人]
         消息来源  | text   |           |          |         | extended |             |              |
         来源链接1 | text   |           |          |         | extended |             |              |
         来源链接2 | text   |           |          |         | extended |             |              |
         来源链接3 | text   |           |          |         | extended |             |              |
         备注      | text   |           |          |         | extended |             |              |
        Access method: heap

    "#]],
    );
}

#[test]
fn names_stand_as_published() {
    check(
        &["\\d transport.\"焼津市バス路線\"", "select \"路線名\" from transport.焼津市バス路線 order by 1 limit 2"],
        expect![[r#"
                          Table "transport.焼津市バス路線"
          Column  |          Type           | Collation | Nullable | Default
        ----------+-------------------------+-----------+----------+---------
         路線名   | text                    |           |          |
         stroke   | text                    |           |          |
         geometry | geometry(Geometry,4326) |           |          |
         id       | bigint                  |           |          |

            路線名
        --------------
         一色和田浜線
         五十海大住線
        (2 rows)

    "#]],
    );
    check(
        &[
            "\\d transport.mta",
            "select \"Date\", \"Subways: % of Comparable Pre-Pandemic Day\" as share from transport.mta order by 1 limit 1",
        ],
        expect![[r#"
                                                   Table "transport.mta"
                                     Column                          |  Type  | Collation | Nullable | Default
            ---------------------------------------------------------+--------+-----------+----------+---------
             Date                                                    | date   |           |          |
             Subways: Total Estimated Ridership                      | bigint |           |          |
             Subways: % of Comparable Pre-Pandemic Day               | bigint |           |          |
             Buses: Total Estimated Ridership                        | bigint |           |          |
             Buses: % of Comparable Pre-Pandemic Day                 | bigint |           |          |
             LIRR: Total Estimated Ridership                         | bigint |           |          |
             LIRR: % of Comparable Pre-Pandemic Day                  | bigint |           |          |
             Metro-North: Total Estimated Ridership                  | bigint |           |          |
             Metro-North: % of Comparable Pre-Pandemic Day           | bigint |           |          |
             Access-A-Ride: Total Scheduled Trips                    | bigint |           |          |
             Access-A-Ride: % of Comparable Pre-Pandemic Day         | bigint |           |          |
             Bridges and Tunnels: Total Traffic                      | bigint |           |          |
             Bridges and Tunnels: % of Comparable Pre-Pandemic Day   | bigint |           |          |
             Staten Island Railway: Total Estimated Ridership        | bigint |           |          |
             Staten Island Railway: % of Comparable Pre-Pandemic Day | bigint |           |          |

                Date    | share
            ------------+-------
             2020-03-01 |    97
            (1 row)

        "#]],
    );
    // Who reads it first is warned of a column, and that may be another test.
    psql(&["select count(*) from reference.country_codes"]);
    check(
        &["select \"ISO3166-1-Alpha-3\", \"UNTERM French Short\" from reference.country_codes where \"FIFA\" = 'JPN'"],
        expect![[r#"
         ISO3166-1-Alpha-3 | UNTERM French Short
        -------------------+---------------------
         JPN               | Japon (le)
        (1 row)

    "#]],
    );
    check(
        &["select 省份, sum(新增确诊) from health.china_cases group by 1 order by 2 desc nulls last limit 1"],
        expect![[r#"
         省份 |  sum
        ------+--------
         美国 | 632878
        (1 row)

    "#]],
    );
}

#[test]
fn psql_knows_its_settings() {
    check(
        &["\\x", "select 1 as a, null as b", "\\x", "\\pset null NULL", "select null as b", "\\a", "select 1 as a, 'x|y' as b"],
        expect![[r#"
            Expanded display is on.
            -[ RECORD 1 ]
            a | 1
            b |

            Expanded display is off.
            Null display is "NULL".
              b
            ------
             NULL
            (1 row)

            Output format is unaligned.
            a|b
            1|x|y
            (1 row)
        "#]],
    );
    // Commands behind a query on its line only work in a file.
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let columns = "ident, elevation_ft, scheduled_service, latitude_deg, now() as n, 1::int2 as i, '{a}'::text[] as t";
    std::fs::write(file.path(), format!("select {columns} from transport.ourairports_airports \\gdesc\n"))
        .expect("it is written");
    let (out, err) = Server::shared().psql("open", &["-q", "-f", file.path().to_str().expect("UTF-8")]);
    expect![[r#"
              Column       |           Type           
        -------------------+--------------------------
         ident             | text
         elevation_ft      | bigint
         scheduled_service | boolean
         latitude_deg      | double precision
         n                 | timestamp with time zone
         i                 | smallint
         t                 | text[]
        (7 rows)

    "#]]
    .assert_eq(&format!("{out}{err}"));
    let (out, _) = Server::shared().psql("open", &["-c", "\\conninfo", "-c", "\\timing", "-c", "select 1"]);
    for want in ["You are connected to database \"open\" as user \"tester\" on host \"127.0.0.1\"", "Timing is on.", "Time: "] {
        assert!(out.contains(want), "{want}: {out}");
    }
}

#[test]
fn errors_point_at_their_place() {
    check(
        &["select idnt from transport.ourairports_airports"],
        expect![[r#"
        ERROR:  column "idnt" does not exist
        LINE 1: select idnt from transport.ourairports_airports
                       ^
        HINT:  Perhaps you meant to reference the column "ourairports_airports.ident".
    "#]],
    );
    check(
        &["select *\nfrom transport.ourairport_airports"],
        expect![[r#"
        ERROR:  relation "transport.ourairport_airports" does not exist
        LINE 2: from transport.ourairport_airports
                     ^
        HINT:  Perhaps you meant transport.ourairports_airports.
    "#]],
    );
    check(
        &["select 1 +"],
        expect![[r#"
            ERROR:  syntax error at end of input
            LINE 1: select 1 +
                              ^
        "#]],
    );
}

#[test]
fn large_results_are_fetched_by_cursor() {
    check(
        &["\\set FETCH_COUNT 2", "select n from generate_series(1, 5) as s(n)"],
        expect![[r#"
             n
            ---
             1
             2
             3
             4
             5
            (5 rows)

        "#]],
    );
}
