import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** What both stores below say, in the words of MLflow 3.17. */
export const parent = '27df6dd8b3564a8f8fdb7f87c36192e4'
export const deleted = '14433ce10f4c43e886250f8cbd06d90c'
export const running = '3617293a363040f98caa964eb69ea4bc'
export const loggedModel = 'm-a339bea018a64913bf92b17bf1e66d9f'

/** A folder as MLflow's file store writes it: a finished, a deleted and a running run, a logged model, two versions. */
export function writeFileStore(root: string): void {
  const artifacts = join(root, 'art')
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const experiment = '839799856701022325'
  write(
    '0/meta.yaml',
    "artifact_location: file:///gone/0\nexperiment_id: '0'\nlifecycle_stage: active\nname: Default\n",
  )
  write('0/tags/team', 'alpha')
  write(
    `${experiment}/meta.yaml`,
    `artifact_location: file://${artifacts}\ncreation_time: 1795387686013\nexperiment_id: '${experiment}'\nlast_update_time: 1795387686013\nlifecycle_stage: active\nname: iris ü/1\n`,
  )
  const run = (id: string, fields: string): void =>
    write(
      `${experiment}/${id}/meta.yaml`,
      `artifact_uri: file://${artifacts}/${id}/artifacts\nexperiment_id: '${experiment}'\nrun_id: ${id}\nsource_type: 4\ntags: []\n${fields}`,
    )
  run(
    parent,
    'end_time: 1795387696156\nlifecycle_stage: active\nrun_name: parent\nstart_time: 1795387686097\nstatus: 3\nuser_id: root\n',
  )
  run(
    deleted,
    'deleted_time: 1795387696166\nend_time: 1795387696165\nlifecycle_stage: deleted\nrun_name: gone\nstart_time: 1795387696158\nstatus: 4\nuser_id: root\n',
  )
  run(
    running,
    'end_time: null\nlifecycle_stage: active\nrun_name: running\nstart_time: 1000\nstatus: 1\nuser_id: someone\n',
  )
  const inParent = `${experiment}/${parent}`
  write(`${inParent}/params/weird/key`, 'line1\nline2')
  write(`${inParent}/tags/mlflow.runName`, 'parent')
  write(`${inParent}/tags/quote`, 'it\'s: "x" #y')
  write(`${inParent}/metrics/loss`, '1795387686104 1.0 0\n1795387686105 0.5 1\n1795387686105 0.5 1\n')
  write(`${inParent}/metrics/deep/special`, '5 nan -3\n6 inf -2\n7 1e-300 9007199254740\n')
  write(
    `${inParent}/inputs/b9efe38d7ddd5f09b97da174bda7f29b/meta.yaml`,
    'destination_id: x\ndestination_type: RUN\nsource_id: de70e2eeca2250269706e394094c2137\nsource_type: DATASET\ntags:\n  mlflow.data.context: training\n',
  )
  write(
    `${experiment}/datasets/de70e2eeca2250269706e394094c2137/meta.yaml`,
    `digest: 73686bdc\nname: train\nprofile: '{"num_rows": 50}'\nschema: null\nsource: '{"uri": "s3://bucket/x.csv"}'\nsource_type: s3\n`,
  )
  write(
    `${inParent}/outputs/${loggedModel}/meta.yaml`,
    `destination_id: ${loggedModel}\ndestination_type: MODEL_OUTPUT\nsource_id: ${parent}\nsource_type: RUN_OUTPUT\nstep: 7\ntags: {}\n`,
  )
  write(
    `${experiment}/models/${loggedModel}/meta.yaml`,
    `artifact_location: file://${artifacts}/models/${loggedModel}/artifacts\ncreation_timestamp: 1795387686168\nexperiment_id: '${experiment}'\nlast_updated_timestamp: 1795387691785\nmodel_id: ${loggedModel}\nmodel_type: null\nname: clf\nsource_run_id: ${parent}\nstatus: 2\nstatus_message: null\n`,
  )
  write(`${experiment}/models/${loggedModel}/params/p`, '1')
  write(`${experiment}/models/${loggedModel}/metrics/acc`, `1795387691805 0.9 0 ${parent} train 73686bdc\n`)
  write(`art/${parent}/artifacts/notes/ü file.txt`, 'hello')
  write(`art/models/${loggedModel}/artifacts/MLmodel`, 'flavors:\n  python_function:\n    loader_module: x\n')
  write(
    'models/churn/meta.yaml',
    "aliases:\n  champion: '1'\ncreation_timestamp: 1795387691793\ndescription: the churn model\nlast_updated_timestamp: 1795387696219\nname: churn\n",
  )
  write('models/churn/tags/owner', 'me')
  const version = (number: number, fields: string): void =>
    write(
      `models/churn/version-${number}/meta.yaml`,
      `creation_timestamp: ${1795387691795 + number}\nlast_updated_timestamp: 1795387696200\nname: churn\nstatus: READY\nuser_id: null\nversion: ${number}\n${fields}`,
    )
  version(
    1,
    `current_stage: Production\ndescription: first\nmodel_id: ${loggedModel}\nrun_id: ${parent}\nsource: models:/${loggedModel}\nstorage_location: file://${artifacts}/models/${loggedModel}/artifacts\n`,
  )
  version(2, 'current_stage: Deleted_Internal\nsource: x\n')
  version(4, 'current_stage: None\nsource: gs://elsewhere/model\n')
  write(`${experiment}/traces/tr-1/trace_info.yaml`, 'a: 1\n')
}

/** A database with the tables that are read, as MLflow 3.17 has them. */
export function writeDatabase(path: string, { runs, points }: { runs: number; points: number }): void {
  const database = new DatabaseSync(path)
  database.exec(`
    create table alembic_version (version_num varchar(32) not null);
    insert into alembic_version values ('dc11669786a5');
    create table experiments (experiment_id integer primary key, name varchar(256), artifact_location varchar(256),
      lifecycle_stage varchar(32), creation_time bigint, last_update_time bigint, workspace varchar(63));
    insert into experiments values (0, 'Default', '/gone/0', 'active', 1, 1, 'default'), (1, 'many', '/gone/1', 'active', 2, 2, 'default');
    create table runs (run_uuid varchar(32) primary key, name varchar(250), source_type varchar(20), user_id varchar(256),
      status varchar(20), start_time bigint, end_time bigint, deleted_time bigint, lifecycle_stage varchar(20),
      artifact_uri varchar(200), experiment_id integer);
    create table tags (key varchar(250), value varchar(8000), run_uuid varchar(32), primary key (key, run_uuid));
    create table params (key varchar(250), value varchar(8000), run_uuid varchar(32), primary key (key, run_uuid));
    create table metrics (key varchar(250), value float, timestamp bigint, run_uuid varchar(32), step bigint, is_nan boolean,
      primary key (key, timestamp, step, run_uuid, value, is_nan));
    create index index_metrics_run_uuid on metrics (run_uuid);
    begin`)
  const addRun = database.prepare(
    "insert into runs values (?, ?, 'LOCAL', 'ann', 'FINISHED', 1000, 2000, null, 'active', '/gone/1/x/artifacts', 1)",
  )
  const addPoint = database.prepare('insert into metrics values (?, ?, ?, ?, ?, ?)')
  const addParam = database.prepare('insert into params values (?, ?, ?)')
  for (let index = 0; index < runs; index += 1) {
    const id = index.toString(16).padStart(32, '0')
    addRun.run(id, `run ${index}`)
    addParam.run('depth', String(index), id)
    for (let step = 0; step < points; step += 1)
      addPoint.run('loss', step === 1 ? 0 : 1 / (step + 1), step, id, step, step === 1 ? 1 : 0)
  }
  database.exec('commit')
  database.close()
}
