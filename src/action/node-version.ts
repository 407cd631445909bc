/** The version of Node that action.yml names, and the first runner that has it. */
const NODE_MAJOR = 24;
const RUNNER = '2.327.1';

/**
 * Why the action can't run on this version of Node; undefined when it can. A runner that knows no `node24` does not start the
 * action at all. Other programs that run actions may start it with whatever Node they find.
 *
 * @param version as in `process.versions.node`
 */
export function nodeProblem(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= NODE_MAJOR) return undefined;
  return (
    `This action needs Node ${NODE_MAJOR}, and was started with Node ${version}: use a runner of version ${RUNNER} or newer in ` +
    '"runs-on". Other programs that run workflows need an image with that Node'
  );
}
