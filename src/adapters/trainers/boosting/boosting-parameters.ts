import * as z from 'zod'

/** Defaults are LightGBM's, so that what is known about tuning it holds here. */
export const boostingParameters = z.strictObject({
  trees: z.int().min(1).max(10_000).default(100).describe('trees to grow at most'),
  learning_rate: z.number().gt(0).max(1).default(0.1).describe('how much of each tree is added'),
  leaves: z.int().min(2).max(4096).default(31).describe('leaves of a tree at most'),
  max_depth: z
    .int()
    .min(-1)
    .max(64)
    .default(-1)
    .describe('splits from root to leaf at most; -1 for no limit'),
  min_leaf_rows: z.int().min(1).default(20).describe('rows in a leaf at least'),
  min_leaf_hessian: z.number().min(0).default(1e-3).describe('sum of hessians in a leaf at least'),
  min_gain: z.number().min(0).default(0).describe('what a split must save at least'),
  l2: z.number().min(0).default(0).describe('L2 penalty on leaf values'),
  feature_fraction: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe('share of the features that each tree may use'),
  row_fraction: z.number().gt(0).max(1).default(1).describe('share of the rows that each tree learns from'),
  max_bins: z
    .int()
    .min(2)
    .max(65_000)
    .default(255)
    .describe('intervals a numeric feature is cut into at most'),
  max_categories: z
    .int()
    .min(2)
    .max(65_000)
    .default(255)
    .describe('most frequent levels of a category that are kept; the rest count as missing'),
  category_smoothing: z
    .number()
    .min(0)
    .default(10)
    .describe('damps the order of rare levels, and leaves out rarer ones'),
  category_l2: z
    .number()
    .min(0)
    .default(10)
    .describe('additional L2 penalty where sets of levels are chosen'),
  max_category_set: z.int().min(1).default(32).describe('levels on the smaller side of a split at most'),
  min_category_set_rows: z.int().min(1).default(100).describe('rows by which a set of levels grows at least'),
  early_stopping_trees: z
    .int()
    .min(0)
    .default(20)
    .describe('stop after this many trees without a better validation score; 0 never; needs validation rows'),
})

export type BoostingParameters = z.infer<typeof boostingParameters>

/** LightGBM's, XGBoost's and scikit-learn's names for the same things. */
export const foreignNames: Readonly<Record<string, string>> = {
  num_iterations: 'trees',
  num_leaves: 'leaves',
  min_data_in_leaf: 'min_leaf_rows',
  min_sum_hessian_in_leaf: 'min_leaf_hessian',
  min_gain_to_split: 'min_gain',
  lambda_l2: 'l2',
  bagging_fraction: 'row_fraction',
  max_bin: 'max_bins',
  cat_smooth: 'category_smoothing',
  cat_l2: 'category_l2',
  max_cat_threshold: 'max_category_set',
  min_data_per_group: 'min_category_set_rows',
  early_stopping_rounds: 'early_stopping_trees',
  n_estimators: 'trees',
  num_trees: 'trees',
  max_leaf_nodes: 'leaves',
  eta: 'learning_rate',
  reg_lambda: 'l2',
  min_child_samples: 'min_leaf_rows',
  subsample: 'row_fraction',
  colsample_bytree: 'feature_fraction',
  early_stopping_round: 'early_stopping_trees',
}
