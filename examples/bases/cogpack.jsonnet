local cog = import 'cogpack';

// Base images for models that read YAML: each Python with each PyYAML.
cog.matrix {
  axes: { python: ['3.11', '3.13'], pyyaml: ['6.0.2', '6.0.3'] },
  base(point):: {
    python: point.python,
    requirements: ['pyyaml==' + point.pyyaml],
    labels: { 'org.opencontainers.image.title': 'yaml' },
  },
}
