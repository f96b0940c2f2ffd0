/** In place of uPlot in tests without a canvas: it keeps what it was given. */
export default class FakeUplot {
  static readonly charts: FakeUplot[] = [];
  static readonly paths = { bars: () => () => null };
  data: unknown;
  readonly options: { readonly series: readonly { readonly label?: string }[] };

  constructor(options: FakeUplot['options'], data: unknown) {
    this.options = options;
    this.data = data;
    FakeUplot.charts.push(this);
  }

  setData(data: unknown): void {
    this.data = data;
  }

  setSize(): void {}

  destroy(): void {
    FakeUplot.charts.splice(FakeUplot.charts.indexOf(this), 1);
  }
}
