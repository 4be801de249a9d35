local cog = import 'cogpack';

cog.model {
  python: '3.11',
  requirements: 'requirements.txt',
  cmd: ['python', 'predict.py', '5.1', '3.5', '1.4', '0.2'],
  labels: { 'org.opencontainers.image.title': 'iris' },
}
