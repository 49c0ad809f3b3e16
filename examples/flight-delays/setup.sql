-- source: vega-datasets/data/flights-3m.parquet
-- One file a month. To let a month arrive, copy its file into incoming/.
-- next: cp months/2001-01.parquet months/2001-02.parquet incoming/ && devmlops data add
COPY (FROM read_parquet($source) WHERE date >= '2001-01-01' AND date < '2001-02-01') TO '$target/2001-01.parquet' (FORMAT parquet, COMPRESSION zstd);
COPY (FROM read_parquet($source) WHERE date >= '2001-02-01' AND date < '2001-03-01') TO '$target/2001-02.parquet' (FORMAT parquet, COMPRESSION zstd);
COPY (FROM read_parquet($source) WHERE date >= '2001-03-01' AND date < '2001-04-01') TO '$target/2001-03.parquet' (FORMAT parquet, COMPRESSION zstd);
COPY (FROM read_parquet($source) WHERE date >= '2001-04-01' AND date < '2001-05-01') TO '$target/2001-04.parquet' (FORMAT parquet, COMPRESSION zstd);
COPY (FROM read_parquet($source) WHERE date >= '2001-05-01' AND date < '2001-06-01') TO '$target/2001-05.parquet' (FORMAT parquet, COMPRESSION zstd);
COPY (FROM read_parquet($source) WHERE date >= '2001-06-01' AND date < '2001-07-01') TO '$target/2001-06.parquet' (FORMAT parquet, COMPRESSION zstd);
