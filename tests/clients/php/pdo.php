<?php
// PHP: PDO with and without emulated statements, and the pgsql functions.

echo "## PHP pdo_pgsql ", PHP_VERSION, "\n";
$dsn = sprintf('pgsql:host=%s;port=%s;dbname=%s', getenv('PGHOST'), getenv('PGPORT'), getenv('PGDATABASE'));

function open_db(array $options = []): PDO
{
    global $dsn;
    return new PDO($dsn, getenv('PGUSER'), getenv('PGPASSWORD') ?: null, $options + [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
}

function text(mixed $v): string
{
    if (is_resource($v)) {
        $v = '\\x' . bin2hex(stream_get_contents($v));
    }
    return json_encode($v, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PARTIAL_OUTPUT_ON_ERROR);
}

function show(PDOStatement $s): void
{
    $n = 0;
    while ($row = $s->fetch(PDO::FETCH_NUM)) {
        echo implode('|', array_map('text', $row)), "\n";
        $n++;
    }
    echo "($n)\n";
}

function attempt(callable $work): void
{
    try {
        $work();
    } catch (PDOException $e) {
        $told = $e->errorInfo[2] ?? $e->getMessage();
        preg_match('/^(?:ERROR|FATAL|.*failed: FATAL):\s*(.*)$/m', $told, $m);
        preg_match('/^LINE.*$/m', $told, $line);
        echo '! ', $e->errorInfo[0] ?? $e->getCode(), ' ', $m[1] ?? $told, isset($line[0]) ? " $line[0]" : '', "\n";
    } catch (Throwable $e) {
        echo '! ', get_class($e), ' ', $e->getMessage(), "\n";
    }
}

function feature(string $name, callable $work): void
{
    echo "# $name\n";
    attempt($work);
}

feature('connect', function () {
    $db = open_db();
    echo intdiv((int) pg_version_number($db), 1), ' ', $db->getAttribute(PDO::ATTR_DRIVER_NAME), ' ', $db->getAttribute(PDO::ATTR_CONNECTION_STATUS), "\n";
    show($db->query('select current_user, current_schema()'));
    $kept = open_db([PDO::ATTR_PERSISTENT => true]);
    show($kept->query('select 1'));
    global $dsn;
    attempt(fn () => new PDO(preg_replace('/dbname=.*/', 'dbname=nowhere', $dsn), getenv('PGUSER')));
});

function pg_version_number(PDO $db): string
{
    return explode('.', $db->getAttribute(PDO::ATTR_SERVER_VERSION))[0];
}

feature('types-text', function () {
    $db = open_db();
    foreach (['kinds.scalars', 'kinds.edges', 'kinds.nested', 'names.odd', 'city.metro_stations'] as $table) {
        attempt(function () use ($db, $table) {
            $s = $db->query("select * from $table order by 1");
            for ($i = 0; $i < $s->columnCount(); $i++) {
                $m = $s->getColumnMeta($i);
                echo implode(':', [$m['name'], $m['native_type'], $m['len'], $m['precision'], $m['pdo_type'], $m['table'] ?? '-', $m['pgsql:oid'], ($m['pgsql:table_oid'] ?? 0) > 0 ? 'of a table' : '-']), ' ';
            }
            echo "\n";
            show($s);
        });
    }
});

feature('parameters', function () {
    foreach ([[], [PDO::ATTR_EMULATE_PREPARES => true], [PDO::PGSQL_ATTR_DISABLE_PREPARES => true]] as $options) {
        $db = open_db($options);
        foreach ([
            ['select id from kinds.scalars where id = ?', [1]],
            ['select id from kinds.scalars where id = ?', ['x']],
            ['select id from kinds.scalars where words = :w and id < :n order by id', ['w' => 'plain', 'n' => 5]],
            ['select id from kinds.scalars where day >= ? order by id', ['2024-01-01']],
            ['select id from kinds.scalars where at_zone < ? order by id', ['1950-01-01']],
            ['select id from kinds.scalars where exact > ? order by id', ['1.5']],
            ['select id from kinds.scalars where double < ? order by id', [0.5]],
            ['select id from kinds.scalars where flag = ? order by id', ['true']],
            ['select id from kinds.scalars where key = ?', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
            ['select id from kinds.scalars where id = any(?) order by id', ['{1,3}']],
            ['select id from kinds.scalars where words like ? order by id', ['%it%']],
            ['select id from kinds.scalars where words is not distinct from ?', [null]],
            ['select id from kinds.scalars order by id limit ? offset ?', [2, 1]],
            ['select ?::text || ?, ?::numeric * 2', ["it's \\ é", '!', '1.25']],
            ['select id from kinds.scalars where id in (?, ?, ?) order by id', [1, 2, '3']],
        ] as [$sql, $values]) {
            attempt(function () use ($db, $sql, $values) {
                $s = $db->prepare($sql);
                $s->execute($values);
                show($s);
            });
        }
        $s = $db->prepare('select id from kinds.scalars where flag = ? and id = ? and bytes = ?');
        $s->bindValue(1, true, PDO::PARAM_BOOL);
        $s->bindValue(2, 1, PDO::PARAM_INT);
        $s->bindValue(3, 'plain', PDO::PARAM_LOB);
        attempt(function () use ($s) {
            $s->execute();
            show($s);
        });
    }
});

feature('prepared', function () {
    $s = open_db()->prepare('select words from kinds.scalars where id = ?');
    foreach ([1, 2, null, 'x', 3] as $id) {
        attempt(function () use ($s, $id) {
            $s->execute([$id]);
            show($s);
        });
    }
});

feature('cursor', function () {
    $db = open_db();
    $db->beginTransaction();
    $s = $db->prepare('select trip_id from city.metro_trips order by trip_id', [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
    $s->execute();
    echo text($s->fetch(PDO::FETCH_NUM)), text($s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_LAST)), text($s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_PRIOR)),
        text($s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_ABS, 100)), text($s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_REL, -10)), text($s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_FIRST)), "\n";
    $s = null;
    $db->commit();
});

feature('copy', function () {
    $db = open_db();
    echo implode('', $db->pgsqlCopyToArray('city.metro_stations'));
    echo implode('', $db->pgsqlCopyToArray('city.metro_stations', ';', 'none', 'station_id,opened,name'));
    attempt(fn () => $db->pgsqlCopyToArray('nowhere'));
});

feature('transactions', function () {
    $db = open_db();
    $db->beginTransaction();
    attempt(fn () => $db->query('select 1/0'));
    attempt(fn () => $db->query('select 1'));
    echo text($db->inTransaction()), "\n";
    $db->rollBack();
    echo text($db->inTransaction()), "\n";
    show($db->query("select 'after'"));
});

feature('errors', function () {
    $db = open_db();
    foreach (['selec 1', 'select nope from city.metro_trips', 'select * from nothing', 'select 1/0', "select 'x'::int", 'select nofunc(1)', 'delete from city.metro_trips', "select * from city.metro_trips where trip_id = 'a'"] as $sql) {
        attempt(fn () => $db->query($sql));
    }
    echo $db->quote("it's \\ é"), ' ', $db->exec('select 1; select 2'), "\n";
});

feature('metadata', function () {
    $db = pg_connect(sprintf('host=%s port=%s dbname=%s user=%s', getenv('PGHOST'), getenv('PGPORT'), getenv('PGDATABASE'), getenv('PGUSER')));
    foreach (['kinds.scalars', 'city.metro_trips'] as $table) {
        foreach (pg_meta_data($db, $table, true) ?: [] as $name => $m) {
            unset($m['has default'], $m['is base']);
            echo $table, ' ', $name, ' ', text($m), "\n";
        }
    }
    echo text(pg_select($db, 'city.metro_stations', ['station_id' => 'S01'])), "\n";
    $r = pg_query_params($db, 'select s.name, s.opened, 1 as one from city.metro_stations s where station_id = $1', ['S03']);
    for ($i = 0; $i < 3; $i++) {
        echo implode(' ', [pg_field_name($r, $i), pg_field_type($r, $i), pg_field_size($r, $i), text(pg_field_table($r, $i)), pg_field_is_null($r, 0, $i)]), "\n";
    }
    echo text(pg_fetch_all(pg_query($db, 'select trip_id, fare from city.metro_trips order by trip_id limit 2'))), "\n";
    echo pg_transaction_status($db), ' ', pg_parameter_status($db, 'server_encoding'), ' ', pg_client_encoding($db), "\n";
    $r = @pg_query($db, 'select nope');
    pg_send_query($db, 'select 1; select nope');
    while ($r = pg_get_result($db)) {
        echo pg_result_status($r), ' ', text(pg_result_error_field($r, PGSQL_DIAG_SQLSTATE)), ' ', text(pg_result_error_field($r, PGSQL_DIAG_STATEMENT_POSITION)), "\n";
    }
    echo text(pg_copy_to($db, 'kinds.edges')), "\n";
});
