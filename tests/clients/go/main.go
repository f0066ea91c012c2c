// Go: pgx v4 (binary by default), pgx through database/sql, and lib/pq.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
	_ "github.com/jackc/pgx/v4/stdlib"
	"github.com/lib/pq"
)

var ctx = context.Background()

func text(v interface{}) string {
	switch v := v.(type) {
	case []byte:
		return fmt.Sprintf("\\x%x", v)
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.999999Z")
	case [16]byte:
		return fmt.Sprintf("%x", v)
	case nil:
		return "nil"
	case float32, float64, int16, int32, int64, string, bool:
		return fmt.Sprintf("%T(%v)", v, v)
	}
	if told, ok := v.(interface{ String() string }); ok {
		return told.String()
	}
	told, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%T(%v)", v, v)
	}
	return fmt.Sprintf("%T%s", v, told)
}

func fail(err error) {
	var e *pgconn.PgError
	var p *pq.Error
	switch {
	case errors.As(err, &e):
		fmt.Printf("! %s %s at %d\n", e.Code, e.Message, e.Position)
	case errors.As(err, &p):
		fmt.Printf("! %s %s at %s\n", p.Code, p.Message, p.Position)
	default:
		fmt.Printf("! %s\n", err)
	}
}

func feature(name string, work func() error) {
	fmt.Println("#", name)
	if err := work(); err != nil {
		fail(err)
	}
}

func show(rows pgx.Rows, err error) {
	if err != nil {
		fail(err)
		return
	}
	defer rows.Close()
	heads := []string{}
	for _, f := range rows.FieldDescriptions() {
		heads = append(heads, fmt.Sprintf("%s:%d:%d:%d", f.Name, f.DataTypeOID, f.TypeModifier, f.Format))
	}
	if len(heads) > 0 {
		fmt.Println("=", strings.Join(heads, " "))
	}
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			fail(err)
			return
		}
		line := []string{}
		for _, v := range values {
			line = append(line, text(v))
		}
		fmt.Println(strings.Join(line, "|"))
	}
	if rows.Err() != nil {
		fail(rows.Err())
		return
	}
	fmt.Println(rows.CommandTag())
}

func showSQL(rows *sql.Rows, err error) {
	if err != nil {
		fail(err)
		return
	}
	defer rows.Close()
	types, _ := rows.ColumnTypes()
	for _, t := range types {
		precision, scale, sized := t.DecimalSize()
		length, long := t.Length()
		fmt.Printf("%s:%s:%v:%d:%d:%v:%d:%v ", t.Name(), t.DatabaseTypeName(), t.ScanType(), precision, scale, sized, length, long)
	}
	fmt.Println()
	values := make([]interface{}, len(types))
	targets := make([]interface{}, len(types))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			fail(err)
			return
		}
		line := []string{}
		for _, v := range values {
			line = append(line, text(v))
		}
		fmt.Println(strings.Join(line, "|"))
	}
	if rows.Err() != nil {
		fail(rows.Err())
	}
}

type asked struct {
	sql    string
	values []interface{}
}

func questions() []asked {
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	return []asked{
		{"select id from kinds.scalars where id = $1", []interface{}{1}},
		{"select id from kinds.scalars where large = $1", []interface{}{int64(9223372036854775807)}},
		{"select id from kinds.scalars where small = $1 and medium < $2", []interface{}{int16(2), int32(100)}},
		{"select id from kinds.scalars where double < $1 order by id", []interface{}{0.5}},
		{"select id from kinds.scalars where words = $1", []interface{}{"plain"}},
		{"select id from kinds.scalars where flag = $1 order by id", []interface{}{true}},
		{"select id from kinds.scalars where day >= $1 order by id", []interface{}{at}},
		{"select id from kinds.scalars where at >= $1 order by id", []interface{}{at}},
		{"select id from kinds.scalars where at_zone >= $1 order by id", []interface{}{at}},
		{"select id from kinds.scalars where bytes = $1", []interface{}{[]byte("plain")}},
		{"select id from kinds.scalars where exact > $1 order by id", []interface{}{"1.5"}},
		{"select id from kinds.scalars where key = $1", []interface{}{"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}},
		{"select id from kinds.scalars where words is not distinct from $1", []interface{}{nil}},
		{"select id from kinds.scalars order by id limit $1 offset $2", []interface{}{2, 1}},
		{"select $1::text || '!', $2::int4 + 1, $3::numeric, $4::bool", []interface{}{"é", 4, "1.50", false}},
		{"select lower($1), $2::date + 1, extract(year from $3::timestamptz)", []interface{}{"ABC", at, at}},
		{"select count(*) from city.metro_trips where ticket = $1 and minutes between $2 and $3", []interface{}{"child", 5, 20}},
		{"select id from kinds.scalars where id = $1", []interface{}{"x"}},
		{"select id from kinds.scalars where id = $1", []interface{}{}},
	}
}

var tables = []string{"kinds.scalars", "kinds.edges", "kinds.nested", "names.odd", "city.metro_stations"}

func main() {
	fmt.Println("## pgx v4, lib/pq")
	db, err := pgx.Connect(ctx, "")
	if err != nil {
		fail(err)
		os.Exit(1)
	}
	feature("connect", func() error {
		told := []string{}
		for _, name := range []string{"server_encoding", "client_encoding", "DateStyle", "TimeZone", "integer_datetimes", "standard_conforming_strings", "is_superuser"} {
			told = append(told, name+"="+db.PgConn().ParameterStatus(name))
		}
		fmt.Println(strings.Join(told, " "), db.PgConn().PID() > 0)
		config, _ := pgx.ParseConfig("")
		config.RuntimeParams["application_name"] = "go"
		config.RuntimeParams["search_path"] = "kinds"
		other, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return err
		}
		show(other.Query(ctx, "select current_setting('application_name'), current_schema()::text, count(*) from scalars"))
		other.Close(ctx)
		config.Database = "nowhere"
		_, err = pgx.ConnectConfig(ctx, config)
		return err
	})
	feature("types-text", func() error {
		for _, t := range tables {
			show(db.Query(ctx, "select * from "+t+" order by 1", pgx.QueryResultFormats{pgx.TextFormatCode}))
		}
		simple := *db.Config()
		simple.PreferSimpleProtocol = true
		other, err := pgx.ConnectConfig(ctx, &simple)
		if err != nil {
			return err
		}
		defer other.Close(ctx)
		for _, q := range questions() {
			show(other.Query(ctx, q.sql, q.values...))
		}
		return nil
	})
	feature("types-binary", func() error {
		for _, t := range tables {
			show(db.Query(ctx, "select * from "+t+" order by 1"))
		}
		var id int32
		var exact, words *string
		var at *time.Time
		var ints []*int32
		return db.QueryRow(ctx, "select s.id, s.exact::text, s.words, s.at, n.ints from kinds.scalars s join kinds.nested n on n.id = s.id where s.id = $1", 1).Scan(&id, &exact, &words, &at, &ints)
	})
	feature("parameters", func() error {
		for _, q := range questions() {
			show(db.Query(ctx, q.sql, q.values...))
		}
		show(db.Query(ctx, "select id from kinds.scalars where id = any($1) order by id", []int32{1, 3, 99}))
		show(db.Query(ctx, "select id from kinds.scalars where words = any($1) order by id", []string{"plain", ""}))
		show(db.Query(ctx, "select $1::jsonb, $2::text[], $3::timestamptz[]", map[string]int{"a": 1}, []string{"a", "b,c"}, []time.Time{time.Unix(0, 0)}))
		return nil
	})
	feature("prepared", func() error {
		d, err := db.Prepare(ctx, "q", "select words, exact from kinds.scalars where id = $1 and at > $2")
		if err != nil {
			return err
		}
		fmt.Println(d.ParamOIDs, len(d.Fields), d.Fields[0].TableOID > 0, d.Fields[0].TableAttributeNumber)
		show(db.Query(ctx, "q", 1, time.Unix(0, 0)))
		if err := db.Deallocate(ctx, "q"); err != nil {
			return err
		}
		show(db.Query(ctx, "q", 1))
		_, err = db.Prepare(ctx, "bad", "select nope")
		return err
	})
	feature("batch", func() error {
		batch := &pgx.Batch{}
		for i := 0; i < 5; i++ {
			batch.Queue("select $1::int, count(*) from city.metro_trips where minutes = $1", i)
		}
		batch.Queue("select 10 / $1::int", 0)
		batch.Queue("select 'never'")
		results := db.SendBatch(ctx, batch)
		for i := 0; i < batch.Len(); i++ {
			show(results.Query())
		}
		return results.Close()
	})
	feature("cursor", func() error {
		t, err := db.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
		if err != nil {
			return err
		}
		defer t.Rollback(ctx)
		if _, err := t.Exec(ctx, "declare c no scroll cursor for select trip_id from city.metro_trips order by 1"); err != nil {
			return err
		}
		tag, err := t.Exec(ctx, "fetch 4000 from c")
		fmt.Println(tag)
		show(t.Query(ctx, "fetch 2 from c"))
		return err
	})
	feature("copy", func() error {
		for _, q := range []string{"copy city.metro_stations to stdout", "copy (select id, words, at from kinds.scalars where id < 5 order by id) to stdout with (format csv, header, force_quote (words))"} {
			var out bytes.Buffer
			tag, err := db.PgConn().CopyTo(ctx, &out, q)
			if err != nil {
				fail(err)
			}
			fmt.Print(out.String(), tag, "\n")
		}
		_, err := db.PgConn().CopyTo(ctx, &bytes.Buffer{}, "copy nowhere to stdout")
		fail(err)
		_, err = db.CopyFrom(ctx, pgx.Identifier{"city", "metro_stations"}, []string{"name"}, pgx.CopyFromRows([][]interface{}{{"x"}}))
		return err
	})
	feature("transactions", func() error {
		for _, level := range []pgx.TxIsoLevel{pgx.Serializable, pgx.RepeatableRead, pgx.ReadCommitted, pgx.ReadUncommitted} {
			t, err := db.BeginTx(ctx, pgx.TxOptions{IsoLevel: level, AccessMode: pgx.ReadOnly, DeferrableMode: pgx.Deferrable})
			if err != nil {
				return err
			}
			show(t.Query(ctx, "show transaction_isolation"))
			inner, err := t.Begin(ctx)
			if err != nil {
				return err
			}
			_, err = inner.Exec(ctx, "select 1/0")
			fail(err)
			fmt.Println(inner.Rollback(ctx))
			show(t.Query(ctx, "select 'after'"))
			fmt.Println(t.Commit(ctx))
		}
		t, _ := db.Begin(ctx)
		t.Exec(ctx, "select nope")
		return t.Commit(ctx)
	})
	feature("errors", func() error {
		for _, q := range []string{"selec 1", "select nope from city.metro_trips", "select * from nothing", "select 1/0", "select 'x'::int", "select nofunc(1)", "truncate city.metro_trips", "select 1; select 2", "select 1 where 'x'"} {
			show(db.Query(ctx, q))
		}
		results, err := db.PgConn().Exec(ctx, "select 1; select nope; select 2").ReadAll()
		fmt.Println(len(results))
		return err
	})
	feature("cancel", func() error {
		soon, stop := context.WithTimeout(ctx, 300*time.Millisecond)
		defer stop()
		began := time.Now()
		other, err := pgx.Connect(ctx, "")
		if err != nil {
			return err
		}
		_, err = other.Exec(soon, "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b")
		fmt.Println(err != nil, time.Since(began) < 20*time.Second)
		if _, err = db.Exec(ctx, "set statement_timeout = 100"); err != nil {
			return err
		}
		_, err = db.Exec(ctx, "select pg_sleep(5)")
		fail(err)
		_, err = db.Exec(ctx, "reset statement_timeout")
		return err
	})
	feature("queries", func() error {
		for _, driver := range []string{"pgx", "postgres"} {
			source := ""
			if driver == "postgres" {
				source = "sslmode=" + os.Getenv("PGSSLMODE")
				if os.Getenv("PGSSLMODE") == "" {
					source = "sslmode=disable"
				}
			}
			other, err := sql.Open(driver, source)
			if err != nil {
				return err
			}
			for _, t := range tables {
				showSQL(other.Query("select * from " + t + " order by 1"))
			}
			for _, q := range questions() {
				showSQL(other.Query(q.sql, q.values...))
			}
			tx, err := other.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
			if err != nil {
				return err
			}
			showSQL(tx.Query("select current_setting('transaction_isolation'), current_setting('transaction_read_only')"))
			_, err = tx.Exec("select 1/0")
			fail(err)
			fmt.Println(tx.Rollback())
			s, err := other.Prepare("select words from kinds.scalars where id = $1")
			if err != nil {
				return err
			}
			showSQL(s.Query(1))
			showSQL(s.Query(2))
			showSQL(other.Query("select $1::int[], $2::text[]", pq.Array([]int64{1, 2}), pq.Array([]string{"a", "b\"c"})))
			other.SetMaxOpenConns(4)
			sums := make(chan int64)
			for i := 0; i < 8; i++ {
				go func() {
					var sum int64
					if err := other.QueryRow("select sum(trip_id) from city.metro_trips").Scan(&sum); err != nil {
						sum = -1
					}
					sums <- sum
				}()
			}
			all := []string{}
			for i := 0; i < 8; i++ {
				all = append(all, fmt.Sprint(<-sums))
			}
			sort.Strings(all)
			fmt.Println(all)
			other.Close()
		}
		return nil
	})
	db.Close(ctx)
}
