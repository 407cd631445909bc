/** The page's texts. Each language has each of them: the type of the first demands it. */
const EN = {
  language: 'English',
  title: 'Image mirror',
  intro: (images: string, tags: string) => `${images} images and ${tags} tags are ready to pull`,
  search: 'Search images, tags and digests',
  placeholder: 'nginx, kube-apiserver:v1.31, sha256:…',
  results: (count: string) => `${count} results`,
  nothing: 'Nothing found',
  nothingHint: 'All words must occur in the name of the image, its mirror or the tag.',
  list: 'Images and tags',
  setup: 'Set up clients',
  check: 'Check a list',
  theme: 'Light or dark',
  switchLanguage: '中文',
  tags: (count: string) => `${count} tags`,
  oneTag: '1 tag',
  more: (count: string) => `${count} more tags`,
  images: (count: string) => `${count} images`,
  oneImage: '1 image',
  back: 'Back to the list',
  mirrorName: 'At the mirror',
  chooseMirror: 'This image is kept in several places',
  pull: 'Pull',
  by: 'Refer to the image by',
  byTag: 'Tag',
  byDigest: 'Digest',
  original: 'Give it its original name too',
  copy: (what: string) => `Copy: ${what}`,
  copied: 'Copied',
  notCopied: 'The browser refused to copy: select the text instead',
  digest: 'Digest',
  sourceDigest: 'Digest at the source',
  differs:
    'The mirror holds another digest than the source: layers were packed again, or platforms left out.',
  unknownDigest: 'Not known. The next run looks it up.',
  platforms: 'Platforms',
  allPlatforms: 'As at the source',
  sameImage: 'Same image',
  allTags: 'Tags',
  filterTags: 'Filter tags',
  missingImage: 'The mirror does not have this image',
  missingTag: 'The mirror does not have this tag',
  missingHint: 'Search for it: it may be kept under another name or tag.',
  sources: 'What is mirrored',
  source: 'Source',
  target: 'Mirror',
  lastChange: 'Last change',
  lastRun: (when: string) => `Last run: ${when}`,
  lastChangeOf: (when: string) => `Last change: ${when}`,
  files: 'Configuration for clients',
  filesHint: 'Made from what is mirrored, and updated with it. The file says how to use it.',
  registriesConf: 'Podman, Buildah, Skopeo and CRI-O pull from the mirror under the original names',
  hostsToml: 'containerd pulls from the mirror under the original names, where the mirror keeps paths',
  kustomize: 'Kustomize replaces the names of images in manifests',
  kubeadm: 'kubeadm: imageRepository, and which images of Kubernetes are there',
  kyverno: 'Kyverno rewrites the images of new pods',
  checkHint:
    'Paste references, one per line: an images list, a part of a manifest, or the output of kubeadm config images list.',
  checkLabel: 'References',
  checkSummary: (present: string, all: string) => `${present} of ${all} are mirrored`,
  present: 'mirrored',
  noTag: 'tag missing',
  noImage: 'image missing',
  copyNames: 'Copy the names at the mirror',
  data: 'All data as JSON',
  empty: 'Nothing is mirrored yet',
};

export type Texts = typeof EN;

const ZH: Texts = {
  language: '中文',
  title: '镜像仓库',
  intro: (images, tags) => `可拉取 ${images} 个镜像、${tags} 个标签`,
  search: '搜索镜像、标签和摘要',
  placeholder: 'nginx、kube-apiserver:v1.31、sha256:…',
  results: (count) => `${count} 条结果`,
  nothing: '没有找到',
  nothingHint: '所有关键词都必须出现在镜像名、镜像站名称或标签中。',
  list: '镜像和标签',
  setup: '配置客户端',
  check: '检查清单',
  theme: '浅色或深色',
  switchLanguage: 'English',
  tags: (count) => `${count} 个标签`,
  oneTag: '1 个标签',
  more: (count) => `还有 ${count} 个标签`,
  images: (count) => `${count} 个镜像`,
  oneImage: '1 个镜像',
  back: '返回列表',
  mirrorName: '镜像站中的名称',
  chooseMirror: '此镜像保存在多个位置',
  pull: '拉取',
  by: '引用镜像的方式',
  byTag: '标签',
  byDigest: '摘要',
  original: '同时打上原来的名称',
  copy: (what) => `复制：${what}`,
  copied: '已复制',
  notCopied: '浏览器拒绝复制：请手动选择文本',
  digest: '摘要',
  sourceDigest: '源仓库中的摘要',
  differs: '镜像站的摘要与源仓库不同：层被重新打包，或省略了部分平台。',
  unknownDigest: '未知。下次运行会查询。',
  platforms: '平台',
  allPlatforms: '与源仓库相同',
  sameImage: '相同的镜像',
  allTags: '标签',
  filterTags: '筛选标签',
  missingImage: '镜像站没有此镜像',
  missingTag: '镜像站没有此标签',
  missingHint: '请搜索：它可能以其他名称或标签保存。',
  sources: '镜像内容',
  source: '源',
  target: '镜像站',
  lastChange: '最近变更',
  lastRun: (when) => `最近运行：${when}`,
  lastChangeOf: (when) => `最近变更：${when}`,
  files: '客户端配置',
  filesHint: '根据实际镜像内容生成并随之更新。用法写在文件中。',
  registriesConf: 'Podman、Buildah、Skopeo 和 CRI-O 用原名从镜像站拉取',
  hostsToml: '在镜像站保留路径时，containerd 用原名从镜像站拉取',
  kustomize: 'Kustomize 替换清单中的镜像名',
  kubeadm: 'kubeadm：imageRepository，以及 Kubernetes 的哪些镜像可用',
  kyverno: 'Kyverno 改写新建 Pod 的镜像',
  checkHint: '每行粘贴一个引用：镜像清单、部分 YAML，或 kubeadm config images list 的输出。',
  checkLabel: '引用',
  checkSummary: (present, all) => `${all} 个中有 ${present} 个已镜像`,
  present: '已镜像',
  noTag: '缺少标签',
  noImage: '缺少镜像',
  copyNames: '复制镜像站中的名称',
  data: '全部数据（JSON）',
  empty: '尚未镜像任何内容',
};

export const LANGUAGES = { en: EN, zh: ZH } as const;

export type Language = keyof typeof LANGUAGES;

/** The language to start with: the one chosen before, or the first of the browser's that the page has. */
export function chooseLanguage(chosen: string | null, preferred: readonly string[]): Language {
  const all = [chosen ?? '', ...preferred].map((one) => one.slice(0, 2).toLowerCase());
  const found = all.find((one) => one === 'en' || one === 'zh');
  return found === 'zh' ? 'zh' : 'en';
}

const DAY_MS = 86_400_000;

/** `today`, `3 days ago`. Days are counted in UTC, as the action counts them. */
export function formatAge(time: string, now: number, language: Language): string {
  const days = Math.floor(now / DAY_MS) - Math.floor(Date.parse(time) / DAY_MS);
  if (Number.isNaN(days)) return '';
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  if (Math.abs(days) < 60) return format.format(-days, 'day');
  return Math.abs(days) < 730
    ? format.format(-Math.round(days / 30), 'month')
    : format.format(-Math.round(days / 365), 'year');
}

/** `1,461` */
export function formatNumber(number: number, language: Language): string {
  return new Intl.NumberFormat(language).format(number);
}
