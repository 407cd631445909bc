// src/action/node-version.ts
/** The version of Node that action.yml names, and the first runner that has it. */
const NODE_MAJOR = 24;
const RUNNER = "2.327.1";
/**
* Why the action can't run on this version of Node; undefined when it can. A runner that knows no `node24` does not start the
* action at all. Other programs that run actions may start it with whatever Node they find.
*
* @param version as in `process.versions.node`
*/
function nodeProblem(version) {
	if (Number.parseInt(version, 10) >= NODE_MAJOR) return void 0;
	return `This action needs Node ${NODE_MAJOR}, and was started with Node ${version}: use a runner of version ${RUNNER} or newer in "runs-on". Other programs that run workflows need an image with that Node`;
}

// src/index.ts
const problem = nodeProblem(process.versions.node);
if (problem === void 0) await import("./start.js");
else {
	console.log(`::error::${problem}`);
	process.exitCode = 1;
}

export {  };