import { join } from 'node:path';
import { loadPipeline } from '../../orchestrator/pipeline/load-pipeline.ts';

/** The pipeline that ships with the product. */
export const transactions = loadPipeline('transactions', join(import.meta.dirname, '../..'));
