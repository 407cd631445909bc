/** The part of Bottleneck that Octokit's throttling plugin bundles too. */
declare module 'bottleneck/light.js' {
  import Bottleneck from 'bottleneck';
  export default Bottleneck;
}
