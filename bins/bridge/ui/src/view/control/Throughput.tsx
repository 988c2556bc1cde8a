const WIDTH = 240;
const HEIGHT = 30;

/** Tasks completed, ten minutes a bar, the latest on the right. */
export function Throughput({ bars }: { bars: readonly number[] }) {
  const most = Math.max(1, ...bars);
  const width = WIDTH / bars.length;
  const total = bars.reduce((sum, each) => sum + each, 0);
  return (
    <figure className="throughput">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${total} tasks completed in the last four hours`}>
        {bars.map((count, index) => {
          const height = count ? Math.max(3, (count / most) * HEIGHT) : 1;
          return <rect key={index} x={index * width + 1} y={HEIGHT - height} width={width - 2} height={height} rx="1" className={count ? "bar-on" : "bar-off"} />;
        })}
      </svg>
      <figcaption>last 4 h</figcaption>
    </figure>
  );
}
