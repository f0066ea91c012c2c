# DBD::Pg, with DBI's metadata methods.
use strict;
use warnings;
use utf8;
use DBI qw(:sql_types);
use DBD::Pg qw(:pg_types :async);
use Time::HiRes qw(sleep);
binmode STDOUT, ':encoding(UTF-8)';
$| = 1;

print "## DBD::Pg $DBD::Pg::VERSION\n";

sub open_db {
    my (%attributes) = @_;
    return DBI->connect("dbi:Pg:", '', '', { RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1, pg_enable_utf8 => 1, %attributes });
}

sub text {
    my ($v) = @_;
    return 'undef' unless defined $v;
    return '[' . join(',', map { text($_) } @$v) . ']' if ref $v eq 'ARRAY';
    $v =~ s/([\x00-\x1f\x7f-\x9f])/sprintf('\\x%02x', ord $1)/ge;
    return $v;
}

sub show {
    my ($sth) = @_;
    my $n = 0;
    print '= ', join(' ', map { text($_) } @{ $sth->{NAME} }), "\n";
    while (my $row = $sth->fetchrow_arrayref) {
        print join('|', map { text($_) } @$row), "\n";
        $n++;
    }
    print "($n)\n";
}

# Only these columns, in their order.
sub show_some {
    my ($sth, @names) = @_;
    return print "none\n" unless $sth;
    while (my $row = $sth->fetchrow_hashref('NAME_lc')) {
        print join('|', map { text($row->{$_}) } @names), "\n";
    }
}

sub attempt {
    my ($work) = @_;
    return if eval { $work->(); 1 };
    my $e = $@;
    my $state = $DBI::state || '-';
    # The place of the error stays; names with a process in them, hints and details are each server's own.
    $e =~ s/^.*?(?:ERROR|FATAL):\s*//s;
    $e =~ s/\n(?:HINT|DETAIL|CONTEXT):.*//s;
    $e =~ s/ at \S+ line \d+\.?\s*$//;
    $e =~ s/dbdpg_p\d+/dbdpg_p/;
    print "! $state ", $e =~ s/\s+/ /gr, "\n";
}

sub feature {
    my ($name, $work) = @_;
    print "# $name\n";
    attempt($work);
}

feature connect => sub {
    my $db = open_db(pg_server_prepare => 1);
    print join(' ', $db->{pg_protocol}, $db->{pg_standard_conforming_strings}, $db->{pg_INV_READ}, $db->{Active} ? 1 : 0, $db->ping), "\n";
    print join(' ', $db->get_info(17), int($db->{pg_server_version} / 10000), $db->get_info(29), $db->get_info(41)), "\n";
    print $db->{pg_db} eq $ENV{PGDATABASE} ? "its database\n" : "another database\n";
    show(do { my $s = $db->prepare('select current_user, session_user, current_setting(?)'); $s->execute('client_encoding'); $s });
    attempt(sub { DBI->connect('dbi:Pg:dbname=nowhere', '', '', { RaiseError => 1, PrintError => 0 }) });
};

feature 'types-text' => sub {
    my $db = open_db();
    for my $sql ('select * from kinds.scalars order by id', 'select * from kinds.edges order by id', 'select * from kinds.nested order by id', 'select * from names.odd order by id') {
        attempt(sub {
            my $s = $db->prepare($sql);
            $s->execute;
            print join(' ', map { "$s->{NAME}[$_]:" . text($s->{pg_type}[$_]) . ":$s->{TYPE}[$_]:" . text($s->{PRECISION}[$_]) . ':' . text($s->{SCALE}[$_]) . ":$s->{NULLABLE}[$_]" } 0 .. $s->{NUM_OF_FIELDS} - 1), "\n";
            show($s);
        });
    }
    print text($db->selectall_arrayref('select station_id, height from city.metro_stations order by 1', { MaxRows => 3 })), "\n";
    print join(' ', map { "$_=" . text($db->selectrow_hashref("select * from city.metro_stations where station_id = 'S02'")->{$_}) } qw(name opened step_free)), "\n";
    my $by_key = $db->selectall_hashref('select station_id, name from city.metro_stations', 'station_id');
    print join(' ', map { "$_:$by_key->{$_}{name}" } sort keys %$by_key), "\n";
};

feature parameters => sub {
    for my $prepare (0, 1) {
        my $db = open_db(pg_server_prepare => $prepare, pg_switch_prepared => 1);
        for my $case (
            ['select id from kinds.scalars where id = ?', 1],
            ['select id from kinds.scalars where id = ?', 'x'],
            ['select id from kinds.scalars where words = ? or words = ? order by id', 'plain', ''],
            ['select id from kinds.scalars where day = ?', '2024-02-29'],
            ['select id from kinds.scalars where at > ? order by id', '2024-01-01 00:00:00'],
            ['select id from kinds.scalars where exact between ? and ? order by id', '-1', '1.5'],
            ['select id from kinds.scalars where flag = ? order by id', 't'],
            ['select id from kinds.scalars where large = ?', '9223372036854775807'],
            ['select id from kinds.scalars where id = any(?) order by id', [1, 3, 99]],
            ['select id from kinds.scalars where words = any(?) order by id', ['plain', 'NULL', "it's \"quoted\", \\ and {braced}"]],
            ['select id from kinds.scalars where key = ?', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
            ['select ?::text, ?::int, ?::numeric, ?::date, ?::boolean', "é'\\", '5', '1.50', '2024-02-29', 'yes'],
            ['select ?::text, ?::int, ?::numeric', undef, undef, undef],
            ['select ? || \'x\', upper(?)', 'a', 'b'],
            ['select id from kinds.scalars order by id limit ? offset ?', 2, 1],
            ['select count(*) from city.metro_trips where from_station = ? and minutes > ?', 'S01', 20],
            ['select ?', 'alone'],
        ) {
            my ($sql, @values) = @$case;
            attempt(sub { my $s = $db->prepare($sql); $s->execute(@values); show($s) });
        }
        my $s = $db->prepare('select id from kinds.scalars where id = :one or bytes = :two order by id');
        $s->bind_param(':one', 3, SQL_INTEGER);
        $s->bind_param(':two', "plain", { pg_type => PG_BYTEA });
        attempt(sub { $s->execute; show($s) });
        $s = $db->prepare('select id from kinds.scalars where id = $1 and words = $2');
        $s->bind_param(1, 1, SQL_INTEGER);
        $s->bind_param(2, 'plain', SQL_VARCHAR);
        attempt(sub { $s->execute; show($s) });
    }
};

feature prepared => sub {
    my $db = open_db(pg_server_prepare => 1, pg_switch_prepared => 1);
    my $s = $db->prepare('select words from kinds.scalars where id = ?');
    for my $id (1, 2, undef, 3) {
        $s->execute($id);
        show($s);
    }
    print $s->{pg_prepare_name} ? "named\n" : "unnamed\n";
    $db->do('deallocate all');
    attempt(sub { $s->execute(1); show($s) });
    undef $s;
    $db->do('prepare own (int) as select words from kinds.scalars where id = $1');
    show(do { my $s = $db->prepare('execute own(1)'); $s->execute; $s });
};

feature cursor => sub {
    my $db = open_db(AutoCommit => 0);
    $db->do('declare c scroll cursor for select trip_id, fare from city.metro_trips order by trip_id');
    for my $move ('fetch 2 from c', 'fetch prior from c', 'fetch absolute 4000 from c', 'fetch last from c', 'fetch forward all from c', 'fetch backward 2 from c', 'fetch first from c', 'fetch relative 0 from c') {
        attempt(sub { my $s = $db->prepare($move); $s->execute; print $s->rows, "\n"; show($s) });
    }
    print text($db->do('move 100 in c')), ' ', text($db->do('close c')), "\n";
    attempt(sub { $db->do('fetch 1 from c') });
    $db->rollback;
};

feature copy => sub {
    my $db = open_db();
    for my $sql ('copy city.metro_stations to stdout', 'copy (select id, words, bytes from kinds.scalars where id < 4 order by id) to stdout csv header') {
        $db->do($sql);
        my $line;
        print text($line), "\n" while $db->pg_getcopydata($line) >= 0;
    }
    attempt(sub { $db->do('copy nowhere to stdout') });
    print $db->ping, "\n";
};

feature transactions => sub {
    my $db = open_db();
    $db->begin_work;
    print $db->ping, $db->{AutoCommit} ? ' auto' : ' open', "\n";
    $db->pg_savepoint('s');
    attempt(sub { $db->do('select 1/0') });
    print $db->ping, "\n";
    attempt(sub { $db->do('select 1') });
    $db->pg_rollback_to('s');
    $db->pg_release('s');
    print text($db->selectall_arrayref("select 'after'")), "\n";
    $db->commit;
    print $db->ping, "\n";
    $db->{AutoCommit} = 0;
    $db->{ReadOnly} = 1;
    print text($db->selectall_arrayref('show transaction_read_only')), "\n";
    $db->rollback;
};

feature errors => sub {
    my $db = open_db();
    for my $sql ('selec 1', 'select nope from city.metro_trips', 'select * from nothing', 'select 1/0', "select 'x'::int", 'select nofunc(1)', 'insert into city.metro_trips values (1)', 'select (1') {
        attempt(sub { my $s = $db->prepare($sql); $s->execute; show($s) });
        print text($db->state), ' ', text($db->pg_error_field('severity')), ' ', text($db->pg_error_field('position')), ' ', text($db->pg_error_field('primary')), "\n";
    }
    print $db->do('select 1; select 2'), "\n";
};

feature notices => sub {
    my $db = open_db();
    local $SIG{__WARN__} = sub { print 'warned: ', $_[0] };
    $db->{PrintWarn} = 1;
    $db->do('commit');
    $db->do('listen news');
    print text($db->pg_notifies), "\n";
};

feature cancel => sub {
    my $db = open_db();
    my $s = $db->prepare('select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b', { pg_async => PG_ASYNC });
    $s->execute;
    # A cancel that comes before the statement does reaches nothing.
    my $watcher = open_db();
    sleep 0.02 until $watcher->selectrow_array("select 1 from pg_stat_activity where pid = $db->{pg_pid} and state = 'active' and query like '%generate_series%'");
    sleep 0.2;
    print $s->pg_ready ? "ready\n" : "runs\n";
    print $db->pg_cancel ? "cancelled\n" : "not cancelled\n";
    $db->do('set statement_timeout = 100');
    attempt(sub { $db->do('select pg_sleep(5)') });
    $db->do('reset statement_timeout');
    print text($db->selectall_arrayref("select 'after'")), "\n";
};

feature metadata => sub {
    my $db = open_db();
    show_some($db->table_info(undef, 'city', '%', undef), qw(table_schem table_name table_type remarks pg_schema));
    show_some($db->table_info(undef, 'k%', 's%', "'TABLE','VIEW'"), qw(table_schem table_name table_type));
    show_some($db->table_info('', '', '', '%'), qw(table_type));
    print text([sort grep { /^"?(city|kinds|names)/ } $db->tables(undef, undef, '%', 'TABLE')]), "\n";
    my @column = qw(table_name column_name data_type type_name column_size decimal_digits nullable remarks column_def sql_data_type ordinal_position is_nullable pg_type pg_constraint);
    show_some($db->column_info(undef, 'kinds', 'scalars', '%'), @column);
    show_some($db->column_info(undef, 'city', 'metro\_%', '%'), @column);
    show_some($db->primary_key_info(undef, 'city', 'metro_stations'), qw(table_schem table_name column_name key_seq pk_name pg_column));
    print text([$db->primary_key(undef, 'city', 'metro_trips')]), "\n";
    show_some($db->foreign_key_info(undef, 'city', 'metro_stations', undef, 'city', 'metro_trips'), qw(uk_table_name uk_column_name fk_table_name fk_column_name ordinal_position update_rule delete_rule fk_name uk_name deferability unique_or_primary));
    show_some($db->statistics_info(undef, 'city', 'metro_stations', 0, 0), qw(table_name non_unique index_name type ordinal_position column_name asc_or_desc cardinality));
    for my $type (SQL_INTEGER, SQL_VARCHAR, SQL_NUMERIC, SQL_TYPE_TIMESTAMP) {
        my $info = $db->type_info($type);
        print join('|', map { text($info->{$_}) } qw(TYPE_NAME DATA_TYPE COLUMN_SIZE LITERAL_PREFIX NULLABLE)), "\n";
    }
    print text([$db->data_sources]) =~ /\Q$ENV{PGDATABASE}\E/ ? "a source\n" : "no source\n";
    print $db->quote("it's \\"), ' ', $db->quote_identifier('city', 'Mixed "Case"'), "\n";
};
