import { h as warning, o as getState, t as DOCKER_FOLDER_STATE } from "./shared.js";
import { rm } from "node:fs/promises";

// src/post.ts
const folder = getState(DOCKER_FOLDER_STATE);
if (folder !== "") try {
	await rm(folder, {
		recursive: true,
		force: true
	});
} catch (error) {
	warning(`${folder} contains docker logins and could not be removed: ${String(error)}`);
}

export {  };