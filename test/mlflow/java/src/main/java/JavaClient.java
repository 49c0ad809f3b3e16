import java.util.List;
import java.util.Optional;
import org.mlflow.api.proto.ModelRegistry.ModelVersion;
import org.mlflow.api.proto.Service.Experiment;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.api.proto.Service.Run;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowHttpException;

/** The Java client of tracking and registry against the server in MLFLOW_TRACKING_URI. */
public final class JavaClient {
  public static void main(String[] words) {
    String unique = Long.toHexString(System.nanoTime());
    try (MlflowClient client = new MlflowClient(System.getenv("MLFLOW_TRACKING_URI"))) {
      String experimentId = client.createExperiment("java-" + unique);
      Optional<Experiment> experiment = client.getExperimentByName("java-" + unique);
      same(experiment.get().getExperimentId(), experimentId);
      same(client.getExperimentByName("none-" + unique).isPresent(), false);

      RunInfo created = client.createRun(experimentId);
      String runId = created.getRunId();
      client.logParam(runId, "depth", "6");
      client.setTag(runId, "language", "Java");
      client.logMetric(runId, "loss", 0.5, 1_700_000_000_000L, 1);
      client.logMetric(runId, "loss", 0.25, 1_700_000_000_001L, 2);
      client.logMetric(runId, "nan", Double.NaN);
      client.setTerminated(runId, RunStatus.FINISHED);
      Run run = client.getRun(runId);
      same(run.getInfo().getStatus(), RunStatus.FINISHED);
      same(run.getData().getParams(0).getValue(), "6");
      List<Metric> history = client.getMetricHistory(runId, "loss");
      same(history.size(), 2);
      same(history.get(1).getStep(), 2L);
      same(client.searchRuns(List.of(experimentId), "metrics.loss < 0.3").size(), 1);
      client.deleteRun(runId);
      client.restoreRun(runId);

      String name = "java-" + unique;
      client.sendPost("registered-models/create", "{\"name\":\"" + name + "\"}");
      client.sendPost("model-versions/create", "{\"name\":\"" + name + "\",\"source\":\"s3://bucket/model\"}");
      ModelVersion version = client.getModelVersion(name, "1");
      same(version.getSource(), "s3://bucket/model");
      same(client.getLatestVersions(name).size(), 1);

      try {
        client.getRun("f".repeat(32));
        throw new AssertionError("a run that is not there was found");
      } catch (MlflowHttpException error) {
        same(error.getStatusCode(), 404);
      }
    }
  }

  private static void same(Object found, Object expected) {
    if (!expected.equals(found)) throw new AssertionError("found " + found + ", expected " + expected);
  }
}
