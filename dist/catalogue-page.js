import { readFile } from "node:fs/promises";

// src/action/catalogue-page.ts
/**
* Reads the catalogue's page, which is built beside the bundle.
*
* @throws Error if the action was not checked out as a whole
*/
async function readCataloguePage(file = new URL("./catalogue.html", import.meta.url)) {
	try {
		return await readFile(file, "utf8");
	} catch (error) {
		throw new Error("The action lacks the page of the catalogue, dist/catalogue.html: check out all of dist/", { cause: error });
	}
}

export { readCataloguePage };