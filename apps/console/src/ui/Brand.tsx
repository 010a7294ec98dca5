/** The sign of Polyvisor; a picture beside its name. */
export const Brand = ({ size = 24 }: { size?: number }) => <img src="/favicon.svg" alt="" width={size} height={size} />;
