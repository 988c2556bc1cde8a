// Texts of forms, as the wire wants them.

export const lines = (text: string): string[] => text.split("\n").map((line) => line.trim()).filter(Boolean);
export const words = (text: string): string[] => text.split(/[\s,]+/).map((word) => word.replace(/^#/, "")).filter(Boolean);
