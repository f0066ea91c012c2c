# psql 17, which install takes out of a wheel, asked what Debian's is asked.
PATH=$PWD/.psql/17/bin:$PATH exec bash psql.sh
