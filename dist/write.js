import { A as targetPathOf, F as WriteSession, I as gitBlobSha, M as formatCount, O as imageOf, P as plural, T as isRepositoryPath, n as parseNamespaceManifest, t as ManifestError } from "./namespace-manifest.js";
import { D as is, G as safeParse, I as number, L as object, O as isoTimestamp, S as check, U as regex, V as pipe, Y as unknown, b as array, d as parseNamespace, g as printable, h as messageOf, k as literal, n as isDigest, q as string, r as isReference, u as isNamespaceName } from "./digest.js";
import { i as isLoopback, o as isRepositoryName, t as apiHost } from "./names.js";

// src/catalogue/catalogue.ts
/** The part of a catalogue for one namespace manifest. */
function partOf(manifest, { path, sha, changed }) {
	const { source, target } = manifest;
	return {
		path,
		sha,
		changed,
		source,
		target,
		images: namedImages(manifest).map(({ image, name, entries }) => ({
			image,
			name,
			groups: groupTags(entries)
		})).filter(({ groups }) => groups.length > 0).toSorted((a, b) => compare(a.image, b.image) || compare(a.name, b.name))
	};
}
/** The one place that knows how a namespace manifest keeps names. */
function namedImages({ source, target, images }) {
	return Array.from(images, ([key, entries]) => ({
		image: imageOf(key),
		name: nameOf(source, target, key),
		entries
	}));
}
/** The name of an image below the target's path. */
function nameOf(source, target, key) {
	const [from, to] = [parseNamespace(source, ""), parseNamespace(target, "")];
	if (typeof from === "string" || typeof to === "string") return imageOf(key);
	const repository = targetPathOf({
		namespace: from,
		target: to
	}, key);
	return to.path === "" ? repository : repository.slice(to.path.length + 1);
}
function groupTags(entries) {
	const groups = /* @__PURE__ */ new Map();
	for (const [tag, entry] of Array.from(entries).toSorted(([a], [b]) => compare(a, b))) {
		const known = knownOf(entry);
		const key = JSON.stringify(known);
		const group = groups.get(key);
		if (group) group.tags.push(tag);
		else groups.set(key, {
			tags: [tag],
			...known
		});
	}
	return Array.from(groups.values());
}
function knownOf(entry) {
	if (entry === null) return {};
	if (typeof entry === "string") return { digest: entry };
	const { digest: source, target: digest, platforms } = entry;
	return {
		digest,
		...source !== digest && { source },
		...platforms && { platforms }
	};
}
/** Code-unit order, which is the same on every machine. */
function compare(a, b) {
	return a < b ? -1 : a > b ? 1 : 0;
}
/** Numbers of a catalogue. An image that is kept under two names or at two targets counts twice. */
function countCatalogue(catalogue) {
	const images = catalogue.flatMap((part) => part.images);
	return {
		sources: new Set(catalogue.map(({ source }) => source)).size,
		images: images.length,
		tags: images.reduce((sum, { groups }) => sum + groups.reduce((tags, group) => tags + group.tags.length, 0), 0)
	};
}

// src/catalogue/badge.ts
/**
* The file `badge.json`, in the form of shields.io's endpoint badge: the number of mirrored tags and the day of the last run.
* It is the only file that a run without changes may write: once a day. shields.io refuses other keys than its own.
* https://shields.io/badges/endpoint-badge
*/
function renderBadge(catalogue, now) {
	const { tags } = countCatalogue(catalogue);
	const badge = {
		schemaVersion: 1,
		label: "mirror",
		message: `${formatCount(tags)} ${tags === 1 ? "tag" : "tags"} \u00b7 ${now.toISOString().slice(0, 10)}`,
		color: "blue"
	};
	return `${JSON.stringify(badge, null, 2)}\n`;
}
/** True for a badge that this action wrote. */
function isOwnBadge(text) {
	return /^\{\s*"schemaVersion": 1,\s*"label": "mirror",/.test(text);
}

// src/catalogue/catalogue-file.ts
/** A file of the catalogue's folder can't be used. It must not be overwritten. */
var CatalogueError = class extends Error {
	name = "CatalogueError";
};
const VERSION = 1;
/**
* The file `catalogue.json`: one image per line, so that a diff stays small. An image is
* `[image, groups]`, or `[image, groups, name]` where its name at the target differs. A group is
* `[tags, digest, source's digest, platforms]` without what is absent at its end; `tags` are separated by a space.
*/
function serializeCatalogue(catalogue) {
	const parts = catalogue.map(serializePart);
	return `{"version":${VERSION},"parts":[${parts.join(",")}${parts.length > 0 ? "\n" : ""}]}\n`;
}
function serializePart({ path, sha, changed, source, target, images }) {
	return `\n${JSON.stringify({
		path,
		sha,
		changed,
		source,
		target
	}).slice(0, -1)},"images":[\n${images.map(({ image, name, groups }) => {
		const packed = groups.map(packGroup);
		return JSON.stringify(name === image ? [image, packed] : [
			image,
			packed,
			name
		]);
	}).join(",\n")}\n]}`;
}
function packGroup({ tags, digest, source, platforms }) {
	const joined = tags.join(" ");
	if (digest === void 0) return [joined];
	const packed = [joined, packDigest(digest)];
	if (platforms) packed.push(source === void 0 ? "" : packDigest(source), platforms);
	else if (source !== void 0) packed.push(packDigest(source));
	return packed;
}
const SHA256 = "sha256:";
/** A sha256 digest as 43 characters of base64url. Other digests stay as they are. */
function packDigest(digest) {
	if (!digest.startsWith(SHA256)) return digest;
	return Buffer.from(digest.slice(7), "hex").toString("base64url");
}
function unpackDigest(text) {
	const hex = text.includes(":") ? "" : Buffer.from(text, "base64url").toString("hex");
	const digest = hex === "" ? text : `${SHA256}${hex}`;
	return isDigest(digest) ? digest : void 0;
}
const Header = object({
	path: pipe(string(), check(isRepositoryPath)),
	sha: pipe(string(), regex(/^[0-9a-f]{40}$/)),
	changed: pipe(string(), isoTimestamp()),
	source: pipe(string(), check(isNamespaceName)),
	target: pipe(string(), check(isNamespaceName)),
	images: array(unknown())
});
const File = object({
	version: number(),
	parts: array(unknown())
});
/**
* Reads `catalogue.json`.
*
* @throws CatalogueError that names the file, the cause and the remedy
*/
function parseCatalogue(bytes, path) {
	const fail = (cause) => {
		throw new CatalogueError(`${path} can't be read as a catalogue: ${printable(cause)}. The file was not changed. Move it away, and the next run writes it again from the namespace manifests, or name another folder in "catalogue"`);
	};
	const file = safeParse(File, readJson(bytes, fail));
	if (!file.success) return fail("it is not an object with version and parts");
	if (file.output.version !== VERSION) return fail(`it has version ${file.output.version}, and this action reads version ${VERSION}`);
	return file.output.parts.map((part) => readPart$1(part) ?? fail("a part of it is not valid"));
}
function readJson(bytes, fail) {
	try {
		return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
	} catch (error) {
		return fail(messageOf(error));
	}
}
function readPart$1(json) {
	const header = safeParse(Header, json);
	if (!header.success) return void 0;
	const images = [];
	for (const packed of header.output.images) {
		const image = readImage(packed);
		if (!image) return void 0;
		images.push(image);
	}
	return {
		...header.output,
		images
	};
}
/** Without a schema, which would take several times as long for 100,000 tags. */
function readImage(packed) {
	if (!Array.isArray(packed)) return void 0;
	const [image, groups, name = image] = packed;
	if (typeof image !== "string" || !isRepositoryName(image)) return void 0;
	if (typeof name !== "string" || !isRepositoryName(name) || !Array.isArray(groups)) return void 0;
	const read = [];
	for (const group of groups) {
		const one = Array.isArray(group) ? readGroup(group) : void 0;
		if (!one) return void 0;
		read.push(one);
	}
	return {
		image,
		name,
		groups: read
	};
}
function readGroup([joined, packed, packedSource, platforms]) {
	const tags = typeof joined === "string" ? joined.split(" ") : [];
	if (tags.length === 0 || !tags.every(isReference)) return void 0;
	if (packed === void 0) return { tags };
	const digest = typeof packed === "string" ? unpackDigest(packed) : void 0;
	if (digest === void 0) return void 0;
	const hasSource = typeof packedSource === "string" && packedSource !== "";
	const source = hasSource ? unpackDigest(packedSource) : void 0;
	if (hasSource && source === void 0) return void 0;
	if (platforms !== void 0 && !is(array(string()), platforms)) return void 0;
	return {
		tags,
		digest,
		...source !== void 0 && { source },
		...platforms && { platforms }
	};
}

// src/catalogue/clients/places.ts
/** Where each image is kept, ordered by name: an image stands before those that are nested in it. */
function placesOf(catalogue) {
	const places = /* @__PURE__ */ new Map();
	for (const { source, target, images } of catalogue) for (const { image, name } of images) {
		const ref = `${source}/${image}`;
		const mirror = `${target}/${name}`;
		const others = places.get(ref);
		if (others) others.push(mirror);
		else places.set(ref, [mirror]);
	}
	return Array.from(places, ([ref, mirrors]) => ({
		ref,
		mirrors
	})).toSorted((a, b) => a.ref < b.ref ? -1 : a.ref > b.ref ? 1 : 0);
}
/** `gcr.io` of `gcr.io/distroless/base`. */
function registryOf(ref) {
	return ref.split("/", 1)[0] ?? ref;
}
const HUB = "docker.io/";
/** All ways in which people write the name of a repository: that of Docker Hub may be left out, and so may `library`. */
function spellings(ref) {
	if (!ref.startsWith(HUB)) return [ref];
	const path = ref.slice(10);
	const official = /^library\/([^/]+)$/.exec(path)?.[1];
	return official === void 0 ? [ref, path] : [
		ref,
		path,
		`${HUB}${official}`,
		official
	];
}

// src/catalogue/clients/hosts-toml.ts
/**
* containerd's `hosts.toml` for each source registry, by path: `containerd/gcr.io/hosts.toml`. containerd asks a mirror for the
* same path as the source, at most below another one. A mirror that changed names can't serve it, and the file says so.
* https://github.com/containerd/containerd/blob/v2.2.0/docs/hosts.md
*/
function renderHostsToml(catalogue) {
	const files = /* @__PURE__ */ new Map();
	const all = placesOf(catalogue);
	for (const registry of new Set(all.map(({ ref }) => registryOf(ref)))) {
		const pairs = all.filter(({ ref }) => registryOf(ref) === registry).flatMap(({ ref, mirrors }) => mirrors.map((mirror) => ({
			ref,
			mirror
		})));
		const blocks = Array.from(new Set(pairs.map(({ mirror }) => registryOf(mirror))), (target) => renderHost(target, pairs.filter(({ mirror }) => registryOf(mirror) === target)));
		const server = `server = "https://${apiHost(registry)}"`;
		files.set(`containerd/${folderOf(registry)}/hosts.toml`, [server, ...blocks].join("\n\n"));
	}
	return files;
}
/** The host of a target, or why it can't be one. */
function renderHost(target, pairs) {
	const prefixes = pairs.map(({ ref, mirror }) => prefixOf(ref, mirror));
	const [prefix] = prefixes;
	const example = pairs[prefixes.findIndex((one) => one === void 0 || one !== prefix)];
	if (prefix === void 0 || example) {
		const { ref, mirror } = example ?? {
			ref: "",
			mirror: ""
		};
		return [`# ${target} can't be a mirror for containerd: it keeps images under other paths. ${ref}`, `# is ${mirror} there. Use that name, or a policy that rewrites names (kyverno.yaml).`].join("\n");
	}
	const scheme = isLoopback(target) ? "http" : "https";
	const path = prefix === "" ? "" : `/v2/${prefix}`;
	return [
		`[host."${scheme}://${apiHost(target)}${path}"]`,
		"  capabilities = [\"pull\", \"resolve\"]",
		...path === "" ? [] : ["  override_path = true"]
	].join("\n");
}
/** What stands before the source's path at the mirror; undefined where the mirror has another path. */
function prefixOf(ref, mirror) {
	const [path, repository] = [ref, mirror].map((name) => name.slice(name.indexOf("/")));
	if (path === void 0 || repository === void 0 || !repository.endsWith(path)) return void 0;
	return repository.slice(1, Math.max(1, repository.length - path.length));
}
/** containerd's name for the folder of a registry: `:5000` becomes `_5000_`, which each file system can hold. */
function folderOf(registry) {
	return registry.replace(/:(\d+)$/, "_$1_");
}

// src/catalogue/clients/kubeadm.ts
/** The registry of Kubernetes, today's name first. */
const REGISTRIES = ["registry.k8s.io", "k8s.gcr.io"];
/** Images whose tag is the version of Kubernetes. */
const COMPONENTS = [
	"kube-apiserver",
	"kube-controller-manager",
	"kube-scheduler",
	"kube-proxy"
];
/** Images with versions of their own, which kubeadm has built in. */
const OTHERS = [
	"coredns/coredns",
	"etcd",
	"pause"
];
/** So many minor versions are listed: Kubernetes supports three at a time. */
const MINORS = 5;
const TAGS_SHOWN = 5;
/**
* Configuration for kubeadm, and which of the images that it needs are mirrored. `imageRepository` replaces the registry and keeps
* the names, but for CoreDNS.
* https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/
*/
function renderKubeadm(catalogue) {
	const kubernetes = REGISTRIES.map((registry) => kubernetesAt(registry, catalogue)).find(({ places }) => places.size > 0);
	if (!kubernetes) return "# The images of Kubernetes are not mirrored: kubeadm has to pull them from registry.k8s.io.";
	return [...configuration(kubernetes), ...inventory(kubernetes)].join("\n");
}
function kubernetesAt(registry, catalogue) {
	const wanted = [...COMPONENTS, ...OTHERS];
	const pathOf = (ref) => ref.slice(registry.length + 1);
	const places = placesOf(catalogue).filter(({ ref }) => ref.startsWith(`${registry}/`) && wanted.includes(pathOf(ref)));
	const tags = new Map(wanted.map((path) => [path, /* @__PURE__ */ new Set()]));
	for (const { source, images } of catalogue) for (const { image, groups } of images) {
		const ref = `${source}/${image}`;
		const own = ref.startsWith(`${registry}/`) ? tags.get(pathOf(ref)) : void 0;
		for (const group of groups) for (const tag of group.tags) own?.add(tag);
	}
	return {
		registry,
		places: new Map(places.map((place) => [pathOf(place.ref), place])),
		tags
	};
}
/** The repository that all of these images are in under their own names; undefined if there is none. */
function commonRepository({ places }) {
	const repositories = (places.get("kube-apiserver")?.mirrors ?? []).flatMap((mirror) => mirror.endsWith("/kube-apiserver") ? [mirror.slice(0, -15)] : []);
	const names = [
		...COMPONENTS,
		"etcd",
		"pause"
	];
	return repositories.find((repository) => names.every((name) => places.get(name)?.mirrors.includes(`${repository}/${name}`) ?? true));
}
function configuration(kubernetes) {
	const repository = commonRepository(kubernetes);
	if (repository === void 0) return ["# kubeadm can't use this mirror: imageRepository keeps the names of images, and the mirror has kube-apiserver and the", "# others under other names, or not at all."];
	return [
		"# From Kubernetes 1.31 on; before that, v1beta3 has the same fields.",
		"apiVersion: kubeadm.k8s.io/v1beta4",
		"kind: ClusterConfiguration",
		`imageRepository: ${JSON.stringify(repository)}`,
		...dns(kubernetes, repository)
	];
}
/** kubeadm looks for CoreDNS in `imageRepository`, without the folder that it has in Kubernetes' own registry. */
function dns({ places }, repository) {
	const mirrors = places.get("coredns/coredns")?.mirrors ?? [];
	if (mirrors.includes(`${repository}/coredns`)) return [];
	const nested = mirrors.find((mirror) => mirror.endsWith("/coredns"));
	if (nested !== void 0) return ["dns:", `  imageRepository: ${JSON.stringify(nested.slice(0, -8))}`];
	const [mirror] = mirrors;
	if (mirror === void 0) return ["# CoreDNS is not mirrored."];
	return [`# CoreDNS is mirrored as ${mirror}: kubeadm wants a name that ends in /coredns.`, "# Give it one with \"target-name\", or start kubeadm with --skip-phases=addon/coredns and apply CoreDNS's own manifest."];
}
/** The newest version of each minor version with its images, and what there is of the images with their own versions. */
function inventory({ registry, tags }) {
	const line = (image, tag) => `#   ${tags.get(image)?.has(tag) === true ? "present" : "missing"}  ${registry}/${image}:${tag}`;
	return [
		"",
		...newestVersions(tags.get("kube-apiserver") ?? /* @__PURE__ */ new Set()).flatMap((version) => [`# Kubernetes ${version}:`, ...COMPONENTS.map((image) => line(image, version))]),
		"# With versions of their own, which \"kubeadm config images list --kubernetes-version\" prints. The page of the catalogue",
		"# (\"Check a list\") says which lines of its output are mirrored.",
		...OTHERS.map((image) => {
			const shown = sortedVersions(tags.get(image) ?? /* @__PURE__ */ new Set()).slice(0, TAGS_SHOWN);
			return shown.length === 0 ? `#   missing  ${registry}/${image}` : `#   present  ${registry}/${image}: ${shown.join(", ")}`;
		})
	];
}
function newestVersions(tags) {
	const newest = /* @__PURE__ */ new Map();
	for (const tag of sortedVersions(tags)) {
		const minor = /^(v\d+\.\d+)\.\d+$/.exec(tag)?.[1];
		if (minor !== void 0 && !newest.has(minor)) newest.set(minor, tag);
	}
	return Array.from(newest.values()).slice(0, MINORS);
}
/** Tags that begin with a number, the highest first. */
function sortedVersions(tags) {
	const order = new Intl.Collator("en", { numeric: true });
	return Array.from(tags).filter((tag) => /^v?\d+(?:\.\d+)+(?:-\d+)?$/.test(tag)).toSorted((a, b) => order.compare(b, a));
}

// src/catalogue/clients/kustomization.ts
/**
* A component for Kustomize that replaces the names of mirrored images. Tags stay as they are.
* https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/
*/
function renderKustomization(catalogue) {
	const images = placesOf(catalogue).flatMap(({ ref, mirrors: [mirror = ref] }) => spellings(ref).map((name) => `  - name: ${JSON.stringify(name)}\n    newName: ${JSON.stringify(mirror)}`));
	return [
		"apiVersion: kustomize.config.k8s.io/v1alpha1",
		"kind: Component",
		images.length === 0 ? "images: []" : `images:\n${images.join("\n")}`
	].join("\n");
}

// src/catalogue/clients/kyverno.ts
/** The name of a container's image without its tag, in CEL. */
const NAME = "(c.image.lastIndexOf(':') > c.image.lastIndexOf('/') ? c.image.substring(0, c.image.lastIndexOf(':')) : c.image)";
/**
* The new images of the containers that have a mirrored one. Digests are left alone: an image that was packed again or reduced
* to some platforms has another digest at the mirror.
*/
function rewritten(list) {
	return `${list}.filter(c, !c.image.contains('@') && [${NAME}].exists(n, n in variables.mirrors)).map(c, {'name': string(c.name), 'image': string([${NAME}].map(n, variables.mirrors[n] + c.image.substring(size(n)))[0])})`;
}
/** Variables of the policy, in CEL: the names at the mirror, and the images to set. */
function policyVariables(catalogue) {
	return [
		{
			name: "mirrors",
			expression: `{${placesOf(catalogue).flatMap(({ ref, mirrors: [mirror = ref] }) => spellings(ref).map((name) => `${JSON.stringify(name)}: ${JSON.stringify(mirror)}`)).join(", ")}}`
		},
		{
			name: "containers",
			expression: rewritten("object.spec.containers")
		},
		{
			name: "initContainers",
			expression: rewritten(`(has(object.spec.initContainers) ? object.spec.initContainers : [])`)
		}
	];
}
/**
* A policy for Kyverno that rewrites the images of new pods to the mirror's, where the mirror has the image.
* https://kyverno.io/docs/policy-types/mutating-policy/
*/
function renderKyvernoPolicy(catalogue) {
	const variables = policyVariables(catalogue).map(({ name, expression }) => `    - name: ${name}\n      expression: ${JSON.stringify(expression)}`);
	const lists = ["containers", "initContainers"].map((list) => `${list}: variables.${list}.map(c, Object.spec.${list}{name: c.name, image: c.image})`);
	return `apiVersion: policies.kyverno.io/v1
kind: MutatingPolicy
metadata:
  name: use-image-mirror
spec:
  # A pod whose image can't be rewritten is started with the image that it names.
  failurePolicy: Ignore
  matchConstraints:
    resourceRules:
      - apiGroups: ['']
        apiVersions: ['v1']
        operations: ['CREATE']
        resources: ['pods']
  variables:
${variables.join("\n")}
  mutations:
    - patchType: ApplyConfiguration
      applyConfiguration:
        expression: ${JSON.stringify(`Object{spec: Object.spec{${lists.join(", ")}}}`)}`;
}

// src/catalogue/clients/registries-conf.ts
/**
* `registries.conf` for Podman, Buildah, Skopeo and CRI-O: they replace the longest prefix of a name by a mirror's location,
* and ask the source where the mirror has no such image. A namespace has one entry; images whose names at the target do not
* follow from it have their own.
* https://github.com/containers/image/blob/v5.36.2/docs/containers-registries.conf.5.md
*/
function renderRegistriesConf(catalogue) {
	return Array.from(mirrorPrefixes(catalogue), ([prefix, locations]) => [
		"[[registry]]",
		`prefix = ${JSON.stringify(prefix)}`,
		`location = ${JSON.stringify(prefix)}`,
		...locations.flatMap(renderMirror)
	].join("\n")).join("\n\n");
}
/** As in the action, loopback addresses have no TLS. */
function renderMirror(location) {
	const isInsecure = isLoopback(registryOf(location));
	return [
		"",
		"[[registry.mirror]]",
		`location = ${JSON.stringify(location)}`,
		...isInsecure ? ["insecure = true"] : []
	];
}
/** Mirrors by prefix. Together they lead from each image to its places, and from no image to another's. */
function mirrorPrefixes(catalogue) {
	const prefixes = /* @__PURE__ */ new Map();
	const places = placesOf(catalogue);
	for (const [source, targets] of targetsBySource(catalogue)) {
		const own = places.filter(({ ref }) => ref.startsWith(`${source}/`));
		const candidate = /* @__PURE__ */ new Map([[source, targets]]);
		if (own.some((place) => isRight(place, candidate))) prefixes.set(source, targets);
	}
	for (const place of places) if (!isRight(place, prefixes)) prefixes.set(place.ref, place.mirrors);
	return prefixes;
}
function targetsBySource(catalogue) {
	const targets = /* @__PURE__ */ new Map();
	for (const { source, target } of catalogue) targets.set(source, Array.from(/* @__PURE__ */ new Set([...targets.get(source) ?? [], target])));
	return targets;
}
function isRight({ ref, mirrors }, prefixes) {
	return resolve(ref, prefixes).join(" ") === mirrors.join(" ");
}
/** Where a client looks for `ref`: the mirrors of its longest prefix, with the rest of the name. */
function resolve(ref, prefixes) {
	for (let prefix = ref; prefix !== ""; prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf("/")))) {
		const mirrors = prefixes.get(prefix);
		if (mirrors) return mirrors.map((mirror) => mirror + ref.slice(prefix.length));
	}
	return [];
}

// src/catalogue/clients/clients.ts
const FIRST_LINE = "# Written by gcrxio/sync-action from what is mirrored. Changes to this file are overwritten.";
/** How to use each file, as comments below its first line. */
const USE = {
	registries: ["For Podman, Buildah, Skopeo and CRI-O. Copy it to /etc/containers/registries.conf.d/mirror.conf: images are then pulled", "from the mirror under their original names, and from the source where the mirror lacks them."],
	containerd: ["For containerd. Copy it to /etc/containerd/certs.d/, into the folder of the same name, and set config_path to", "/etc/containerd/certs.d in the section of the registry in /etc/containerd/config.toml."],
	kustomize: ["For Kustomize and \"kubectl -k\". Copy it into a folder of your own, and name the folder in \"components:\" of your", "kustomization.yaml. A digest in a manifest stays: it must be one that the mirror has."],
	kyverno: ["For Kyverno 1.16 and later. Apply it with: kubectl apply --server-side -f kyverno.yaml", "New pods then use the mirror for images that it has. Images that are named by a digest are not changed."],
	kubeadm: ["For kubeadm. Merge it into your configuration: kubeadm init --config kubeadm.yaml"]
};
/** Configuration that makes clients use the mirror, by path below the folder `clients`. */
function renderClients(catalogue) {
	const hosts = Array.from(renderHostsToml(catalogue), ([path, text]) => [path, withHeader("containerd", text)]);
	return new Map([
		["registries.conf", withHeader("registries", renderRegistriesConf(catalogue))],
		...hosts,
		["kustomization.yaml", withHeader("kustomize", renderKustomization(catalogue))],
		["kyverno.yaml", withHeader("kyverno", renderKyvernoPolicy(catalogue))],
		["kubeadm.yaml", withHeader("kubeadm", renderKubeadm(catalogue))]
	]);
}
function withHeader(kind, text) {
	return `${[FIRST_LINE, ...USE[kind].map((line) => `# ${line}`)].join("\n")}\n\n${text.trim()}\n`;
}
/** True for a file that this action wrote. */
function isOwnClientFile(text) {
	return text.startsWith(FIRST_LINE);
}

// src/catalogue/page.ts
const PLACEHOLDER = "{{catalogue}}";
/** By this, the page of an earlier run is told from a page that somebody wrote. */
const GENERATOR = "<meta name=\"generator\" content=\"gcrxio/sync-action catalogue\" />";
/**
* The file `index.html`: the page with the data inside, so that it works when it is opened as a file.
*
* @param template the page as it was built, with a placeholder for the data
* @throws Error if it has none
*/
function renderPage(template, catalogue) {
	const [before, after, ...more] = template.split(PLACEHOLDER);
	if (before === void 0 || after === void 0 || more.length > 0) throw new Error(`The catalogue's page must have ${PLACEHOLDER} once`);
	return before + serializeCatalogue(catalogue).replaceAll("<", String.raw`\u003c`) + after;
}
/** True for a page that this action wrote. */
function isOwnPage(html) {
	return html.includes(GENERATOR);
}

// src/catalogue/refresh.ts
/**
* Paths of the files that have to be read to bring `catalogue` up to date: namespace manifests that changed since, and
* files that may be new ones. Each file that the catalogue knows is read only if its SHA changed.
*
* @param template the input `manifest-path`
* @param folder the catalogue's folder, which holds no namespace manifest
*/
function staleManifests(catalogue, files, template, folder) {
	const known = new Map(catalogue.map(({ path, sha }) => [path, sha]));
	const pattern = manifestPattern(template);
	return Array.from(files).filter(([path, sha]) => {
		if (path.startsWith(`${folder}/`)) return false;
		const seen = known.get(path);
		return seen === void 0 ? pattern.test(path) : seen !== sha;
	}).map(([path]) => path).toSorted(compare);
}
/** What the placeholders of `manifest-path` may stand for, and a namespace without a path. */
const PARTS = {
	"{registry}/{namespace}": String.raw`[^/]*[.:][^/]*(?:/.+)?|localhost(?:/.+)?`,
	"{registry}": String.raw`[^/]*[.:][^/]*|localhost`,
	"{target}": ".+",
	"{namespace}": ".+"
};
/** Matches the paths of namespace manifests, and of other files whose content then tells that they are none. */
function manifestPattern(template) {
	const pattern = template.split(/(\{registry\}\/\{namespace\}|\{registry\}|\{target\}|\{namespace\})/).map((part) => {
		const stands = PARTS[part];
		return stands === void 0 ? part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`) : `(?:${stands})`;
	});
	return new RegExp(`^${pattern.join("")}$`, "u");
}
const Owner = object({
	version: literal(1),
	source: pipe(string(), check(isNamespaceName)),
	target: pipe(string(), check(isNamespaceName)),
	images: unknown()
});
/**
* The part of a catalogue for a file of the metadata repository.
*
* @returns undefined for a file that is no namespace manifest, or a broken one, or one that gcrsync wrote, which does not
*   say what it is about
*/
function readPart(bytes, about) {
	try {
		const owner = safeParse(Owner, JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
		if (!owner.success) return void 0;
		const { source, target } = owner.output;
		return partOf(parseNamespaceManifest(bytes, {
			path: about.path,
			source,
			target
		}), about);
	} catch (error) {
		if (error instanceof SyntaxError || error instanceof TypeError || error instanceof ManifestError) return void 0;
		throw error;
	}
}
/**
* Brings a catalogue up to date. Parts of files that are gone are dropped. A manifest that can't be read at the moment keeps
* its part. A part whose content is the same keeps its time.
*
* @param read the parts of the files that `staleManifests` names, as far as they have one
* @returns `catalogue` itself when nothing changes that its readers see
*/
function refreshCatalogue(catalogue, files, read) {
	const before = new Map(catalogue.map((part) => [part.path, part]));
	const parts = new Map(catalogue.filter(({ path }) => files.has(path)).map((part) => [part.path, part]));
	for (const part of read) {
		const old = before.get(part.path);
		parts.set(part.path, old && hasSameContent(old, part) ? {
			...part,
			changed: old.changed
		} : part);
	}
	const next = Array.from(parts.values()).toSorted((a, b) => compare(a.path, b.path));
	return next.length === catalogue.length && next.every((part, index) => isUnchanged(part, catalogue[index])) ? catalogue : next;
}
function isUnchanged(part, old) {
	return old !== void 0 && old.path === part.path && hasSameContent(old, part);
}
function hasSameContent(a, b) {
	if (a === b) return true;
	if (a.source !== b.source || a.target !== b.target) return false;
	return JSON.stringify(a.images) === JSON.stringify(b.images);
}

// src/catalogue/turn.ts
/** With less time than this, the catalogue is left to the next run. */
const LITTLE_TIME_MS = 6e4;
/**
* Why another job or run updates the catalogue; undefined if this one does. One of many jobs sees the others' work only in
* part, and each would write all files.
*/
function reasonToLeave({ mode, recordWay, shards, jobs, lifetime }) {
	if (mode !== "record" && (jobs > 1 || shards > 1 || recordWay === "report")) return "this is one of several jobs, and a job with \"mode: record\" after them updates it";
	const { abort, stopReason, timeLeftMs } = lifetime;
	if (abort.aborted && (stopReason() === "cancelled" || timeLeftMs() < LITTLE_TIME_MS)) return "the run had no time left for it, and the next one does it";
}

// src/catalogue/write.ts
/**
* Brings the files of the catalogue up to date with the namespace manifests of the metadata repository. A run after which
* nothing changed takes two requests; the badge is written once a day all the same.
*
* @returns what could not be written, for people
*/
async function writeCatalogue(settings, deps) {
	try {
		await new CatalogueWriter(settings, deps).write();
		return [];
	} catch (error) {
		return [`The catalogue in ${settings.folder} is not up to date. ${messageOf(error)}`];
	}
}
/** Manifests that are read at a time. */
const READS = 8;
var CatalogueWriter = class {
	#settings;
	#deps;
	#session = new WriteSession("final");
	#jsonPath;
	constructor(settings, deps) {
		this.#settings = settings;
		this.#deps = deps;
		this.#jsonPath = `${settings.folder}/catalogue.json`;
	}
	async write() {
		const { catalogue, files } = await this.#updateData();
		const rendered = await this.#render(catalogue);
		const changed = Array.from(rendered).filter(([path, { text }]) => files.get(path) !== gitBlobSha(Buffer.from(text)));
		for (const [path] of changed) await this.#updateFile(path, catalogue, files, rendered);
		const { images, tags } = countCatalogue(catalogue);
		this.#deps.logger.info(`The catalogue has ${plural(images, "image")} and ${plural(tags, "tag")}; ${plural(changed.length, "file")} made from it changed.`);
	}
	/**
	* `catalogue.json` is read before the manifests are: if another job writes it in between, this write fails and starts
	* again. The last write therefore knows all that any other knew.
	*/
	async #updateData() {
		let catalogue = [];
		let files = /* @__PURE__ */ new Map();
		const change = async (current) => {
			const before = current ? parseCatalogue(current, this.#jsonPath) : [];
			files = await this.#deps.metadata.listFiles();
			if (current && !files.has(this.#jsonPath)) throw notListed(this.#jsonPath);
			catalogue = refreshCatalogue(before, files, await this.#readParts(before, files));
			return current && catalogue === before ? current : Buffer.from(serializeCatalogue(catalogue));
		};
		await this.#deps.metadata.update(this.#jsonPath, this.#message(), change, this.#session);
		return {
			catalogue,
			files
		};
	}
	async #readParts(before, files) {
		const { manifestPath, folder } = this.#settings;
		const paths = staleManifests(before, files, manifestPath, folder);
		const changed = `${this.#deps.now().toISOString().slice(0, 19)}Z`;
		const parts = [];
		for (let start = 0; start < paths.length; start += READS) {
			const some = paths.slice(start, start + READS).map(async (path) => this.#readPart(path, changed));
			parts.push(...(await Promise.all(some)).flatMap((part) => part ?? []));
		}
		return parts;
	}
	async #readPart(path, changed) {
		const bytes = await this.#deps.metadata.read(path);
		return bytes && readPart(bytes, {
			path,
			sha: gitBlobSha(bytes),
			changed
		});
	}
	async #render(catalogue) {
		const { folder } = this.#settings;
		const clients = Array.from(renderClients(catalogue), ([path, text]) => ({
			path,
			text,
			isOwn: isOwnClientFile
		}));
		const files = [
			{
				path: "index.html",
				text: renderPage(await this.#deps.readCataloguePage(), catalogue),
				isOwn: isOwnPage
			},
			...clients.map((file) => ({
				...file,
				path: `clients/${file.path}`
			})),
			{
				path: "badge.json",
				text: renderBadge(catalogue, this.#deps.now()),
				isOwn: isOwnBadge
			}
		];
		return new Map(files.map(({ path, text, isOwn }) => [`${folder}/${path}`, {
			text,
			isOwn
		}]));
	}
	/** A file that changed since the branch was listed was written by another job: it is made again from the newest data. */
	async #updateFile(path, catalogue, files, rendered) {
		const change = async (current) => {
			const file = ((current && gitBlobSha(current)) === files.get(path) ? rendered : await this.#render(await this.#readData(catalogue))).get(path);
			if (!file) return current;
			if (current && !file.isOwn(new TextDecoder().decode(current))) throw notOwn(path);
			return Buffer.from(file.text);
		};
		await this.#deps.metadata.update(path, this.#message(catalogue), change, this.#session);
	}
	async #readData(fallback) {
		const bytes = await this.#deps.metadata.read(this.#jsonPath);
		return bytes ? parseCatalogue(bytes, this.#jsonPath) : fallback;
	}
	#message(catalogue) {
		const { commitMessage } = this.#settings;
		if (commitMessage !== void 0 || !catalogue) return commitMessage ?? "Catalogue: update the data";
		return `Catalogue: ${plural(countCatalogue(catalogue).tags, "tag")}`;
	}
};
/** GitHub may answer for a moment that there are no files; then all parts of the catalogue would seem to be gone. */
function notListed(path) {
	return new CatalogueError(`GitHub does not list ${path}, which exists: run again later`);
}
function notOwn(path) {
	return new CatalogueError(`${path} was not written by this action, and was not changed. Move it away, or name another folder in "catalogue"`);
}

export { reasonToLeave, writeCatalogue };