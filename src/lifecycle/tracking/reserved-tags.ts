/** Tags with a meaning: MLflow's, which its clients set and show, and those that tie a run to a pipeline. */
export const reservedTags = {
  runName: 'mlflow.runName',
  parentRunId: 'mlflow.parentRunId',
  user: 'mlflow.user',
  note: 'mlflow.note.content',
  sourceName: 'mlflow.source.name',
  sourceType: 'mlflow.source.type',
  gitCommit: 'mlflow.source.git.commit',
  gitBranch: 'mlflow.source.git.branch',
  gitRepository: 'mlflow.source.git.repoURL',
  dataContext: 'mlflow.data.context',
  pipeline: 'devmlops.pipeline',
  pipelineRunId: 'devmlops.pipelineRunId',
  step: 'devmlops.step',
} as const
