import { UnitPlot } from '#ui/charts/unit-plot'
import { formatShare } from '#ui/kit/format'
import { Panel } from '#ui/kit/panel'
import type { EvaluationReport } from '../contract.ts'
import styles from './evaluation.module.css'

/** How well the scores rank, and whether they mean what they say. */
export function CurvesPanel({ report }: { report: EvaluationReport }) {
  const { calibration, curves, nPositive, n } = report
  if (curves === null && calibration.length === 0) return null
  // A rare outcome lives in a corner of the square; the axes end where the bins do.
  const highest = Math.max(0, ...calibration.flatMap(({ meanScore, interval }) => [meanScore, interval.high]))
  const maximum = highest > 0 && highest < 0.5 ? Math.ceil(highest * 10) / 10 : 1
  const largest = Math.max(1, ...calibration.map((bin) => bin.n))
  return (
    <Panel title="Ranking and calibration">
      <div className={styles['plots']}>
        {curves === null ? null : (
          <section>
            <h3>ROC</h3>
            <UnitPlot
              label={`ROC curve of ${report.model}`}
              xTitle="False positive rate"
              yTitle="True positive rate"
              diagonal
              curves={[{ name: 'ROC', color: '--series-1', points: curves.roc }]}
            />
          </section>
        )}
        {curves === null ? null : (
          <section>
            <h3>Precision and recall</h3>
            <UnitPlot
              label={`Precision by recall of ${report.model}; ${formatShare(n === 0 ? null : (nPositive ?? 0) / n)} of the rows are positive`}
              xTitle="Recall"
              yTitle="Precision"
              diagonal={false}
              curves={[{ name: 'Precision', color: '--series-3', points: curves.precisionRecall }]}
            />
          </section>
        )}
        {calibration.length === 0 ? null : (
          <section>
            <h3>Calibration</h3>
            <UnitPlot
              label={`What ${report.model} promised and what happened, in ${calibration.length} bins`}
              xTitle="Promised (mean score)"
              yTitle="Happened"
              diagonal
              maximum={maximum}
              curves={[
                {
                  name: 'Bins',
                  color: '--series-2',
                  points: calibration.map(
                    ({ meanScore, observedRate }) => [meanScore, observedRate] as const,
                  ),
                  whiskers: calibration.map((bin) => ({
                    x: bin.meanScore,
                    low: bin.interval.low,
                    high: bin.interval.high,
                    weight: bin.n / largest,
                  })),
                },
              ]}
            />
          </section>
        )}
      </div>
    </Panel>
  )
}
