// src/inputs/maskable.ts
/** The longest line that is punctuation of a JSON key, and would mask every output with a brace. */
const LONGEST_PUNCTUATION_CHARACTERS = 3;
/**
* The parts of a secret to register with the log. The runner masks the lines of a secret one by one, also in the outputs
* of the job, so lines that have no part of the secret are left out.
* https://github.com/actions/runner/blob/main/src/Runner.Worker/ActionCommandManager.cs
*/
function maskable(secret) {
	const lines = secret.split(/\r?\n/).filter((line) => line !== "");
	if (lines.length < 2) return lines;
	return lines.filter((line) => line.trim().length > LONGEST_PUNCTUATION_CHARACTERS);
}

export { maskable as t };