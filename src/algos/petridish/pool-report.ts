import { grouped, inPercent, textTable } from "../../report/table.ts";
import { frontier, type HullPoint } from "./points.ts";

/** The networks of a search by rising cost, a line each, for a terminal. */
export function poolReport(points: readonly HullPoint[], eps: number): string {
  const { front, near } = frontier(points, eps);
  const place = (point: HullPoint) => (front.includes(point) ? "on" : near.includes(point) ? "near" : "");
  const rows = [...points]
    .sort((a, b) => a.madd - b.madd || a.id - b.id)
    .map((point) => {
      const { id, parentId, reductions, cells, nodes, madd, params, top1, samplingCount } = point;
      const size = `r${reductions}.c${cells}.n${nodes}`;
      const from = parentId === 0 ? "seed" : String(parentId);
      return [
        String(id),
        from,
        size,
        grouped(madd),
        grouped(params),
        inPercent(top1),
        String(samplingCount),
        place(point),
      ];
    });
  const heads = ["network", "from", "size", "multiply-adds", "parameters", "val top1 %", "drawn", "hull"];
  const found = `${points.length} networks, ${near.length} of them on the hull or near it: they are the gallery`;
  return `${textTable([heads, ...rows])}\n${found}`;
}
