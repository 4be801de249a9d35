// Libraries that an image does not bring: NVIDIA's container toolkit mounts the driver's own from the host. The names
// are those of its lists of driver libraries (libnvidia-container, nvc_info.c; nvidia-container-toolkit, discovery).

const patterns: readonly RegExp[] = [
  /^libcuda\.so/,
  /^libcudadebugger\.so/,
  /^libnvidia-[a-z0-9-]+\.so/,
  /^libnvcuvid\.so/,
  /^libnvoptix\.so/,
  /^lib(?:GLX|EGL|GLESv1_CM|GLESv2)_nvidia\.so/,
  /^libvdpau_nvidia\.so/,
];

/** True for a library of NVIDIA's driver, such as `libcuda.so.1`. */
export function isDriverLibrary(soname: string): boolean {
  return patterns.some(pattern => pattern.test(soname));
}
