/** A file in the folder of reports. */
export interface ReportFile {
  /** Its path in the folder. */
  readonly name: string;
  readonly text: string;
}
