import type { Pipeline } from '../../orchestrator/pipeline/model.ts';
import { resolvePipeline } from '../../orchestrator/pipeline/resolve.ts';

/** The pipeline of a contract's properties and the other keys of pipeline.yml, in YAML. */
export function resolved(properties: string, pipeline: string): Pipeline {
  const contract = `apiVersion: v3.1.0
kind: DataContract
id: test
version: 1.0.0
status: draft
schema:
  - name: test
    physicalType: topic
    properties:
${properties.replace(/^/gm, '      ')}
`;
  return resolvePipeline({
    name: 'test',
    pipelineFile: 'pipeline.yml',
    pipelineText: () => pipeline,
    contract: () => ({ file: 'contract.odcs.yaml', text: contract }),
  });
}
