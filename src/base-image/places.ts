// Where things lie in images, by the rules of those who put them there.

/** An interpreter or its library, with the minor version: `usr/bin/python3.11`, `…/lib/libpython3.11.so.1.0`. */
export const interpreterBinary =
  /(?:^|\/)(?:bin\/python(?=3\.\d+$)|lib(?:\/[^/]+)?\/libpython(?=3\.\d+\.so\.1\.0$))(3\.\d+)/;

/** The libraries of the CUDA toolkit, cuDNN and NCCL; the driver's own (libcuda, libnvidia-*) are not among them. */
export const cudaLibrary =
  /^lib(?:cudart|cublas|cublasLt|cudnn\w*|cudss|cufft|cufftw|cufile|cufile_rdma|cupti|curand|cusolver|cusolverMg|cusparse|cusparseLt|nccl|npp\w+|nvblas|nvJitLink|nvjpeg|nvrtc|nvrtc-builtins|nvshmem_host|nvToolsExt)\.so(?:\.\d+)*$/;

/** A folder that an interpreter of that place searches for distributions. */
export const sitePackages = /(?:^|\/)(?:site|dist)-packages$/;
