# PostgreSQL's image runs this once, after initdb, so that the standby can copy the data directory.
echo "host replication $POSTGRES_USER samenet scram-sha-256" >>"$PGDATA/pg_hba.conf"
